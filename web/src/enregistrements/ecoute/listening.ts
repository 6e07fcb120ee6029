/** One recording opened for listening: what lies beside the sound, the right to hear it, its shape, and how it grows. */

import { ref, shallowRef, type Ref, type ShallowRef } from "vue";
import { ask, type Answer } from "../session";
import type { Piece } from "../voice";
import type { Sound } from "./player";

export interface Ecoute {
  ecoute_id: string;
  audio: string;
  peaks: string;
  expires_at: string;
  duration_ms: number;
  en_cours: boolean;
  formats: string[];
}

export interface Peaks {
  duration_ms: number;
  bucket_ms: number;
  caller: number[];
  agents: number[];
}

/** While the call goes on: how often its length is asked, and every how many times its shape. */
const EVERY_MS = 1_000;
const SHAPE_EVERY = 2;
const BUCKETS = 1_600;

export interface Listening {
  piece: ShallowRef<Piece | null>;
  ecoute: ShallowRef<Ecoute | null>;
  peaks: ShallowRef<Peaks | null>;
  /** Why there is no sound. */
  refused: Ref<string>;
  /** It can be opened once a reason is given. */
  needsReason: Ref<boolean>;
  /** What lies beside the sound; ``motif`` where the site asks why for that already. */
  read: (pieceId: string, motif?: string) => Promise<boolean>;
  listen: (motif: string) => Promise<boolean>;
  ended: () => Promise<void>;
  close: () => void;
}

export const soundOf = (one: Ecoute): Sound => ({
  formats: one.formats,
  growing: one.en_cours,
  address: (format, until) => {
    const address = new URL(one.audio, window.location.href);
    address.searchParams.set("format", format);
    if (until !== null) address.searchParams.set("until_ms", String(until));
    return address.href;
  },
});

/** ``grown`` is told each new length, and when the call has ended. */
export function useListening(grown: (length: number, growing: boolean) => void): Listening {
  const piece = shallowRef<Piece | null>(null);
  const ecoute = shallowRef<Ecoute | null>(null);
  const peaks = shallowRef<Peaks | null>(null);
  const refused = ref("");
  const needsReason = ref(false);
  let beat: number | undefined;
  let beats = 0;
  /** The reason that opened it. */
  let why = "";

  const place = (one: Ecoute): string => `/api/v1/ecoutes/${encodeURIComponent(one.ecoute_id)}`;

  async function read(pieceId: string, motif = ""): Promise<boolean> {
    why = motif || why;
    const query = why === "" ? "" : `?${new URLSearchParams({ motif: why }).toString()}`;
    const answer = await ask<Piece>(`/api/v1/enregistrements/${encodeURIComponent(pieceId)}${query}`);
    refused.value = answer.ok ? "" : answer.detail;
    needsReason.value = !answer.ok && answer.motif;
    if (answer.ok) piece.value = answer.value;
    return answer.ok;
  }

  async function listen(motif: string): Promise<boolean> {
    const mine = piece.value;
    if (mine === null) return false;
    const path = `/api/v1/enregistrements/${encodeURIComponent(mine.piece_id)}/ecoutes`;
    const answer: Answer<Ecoute> = await ask<Ecoute>(path, "POST", { motif });
    if (piece.value?.piece_id !== mine.piece_id) return false;
    refused.value = answer.ok ? "" : answer.detail;
    needsReason.value = !answer.ok && answer.motif;
    if (!answer.ok) return false;
    ecoute.value = answer.value;
    void shape(answer.value.duration_ms);
    window.clearInterval(beat);
    if (answer.value.en_cours) beat = window.setInterval(() => void look(), EVERY_MS);
    return true;
  }

  async function shape(until: number): Promise<void> {
    const mine = ecoute.value;
    if (mine === null) return;
    const address = new URL(mine.peaks, window.location.href);
    address.searchParams.set("buckets", String(BUCKETS));
    if (mine.en_cours) address.searchParams.set("until_ms", String(Math.floor(until)));
    const answer = await ask<Peaks>(address.pathname + address.search);
    if (answer.ok && ecoute.value?.ecoute_id === mine.ecoute_id) peaks.value = answer.value;
  }

  /** How far the recording has come. */
  async function look(): Promise<void> {
    const mine = ecoute.value;
    if (mine === null) return;
    const answer = await ask<Pick<Ecoute, "duration_ms" | "en_cours" | "expires_at">>(place(mine));
    if (ecoute.value?.ecoute_id !== mine.ecoute_id || !answer.ok) {
      if (!answer.ok && answer.status !== 0) over(answer.detail);
      return;
    }
    grown(answer.value.duration_ms, answer.value.en_cours);
    beats += 1;
    if (beats % SHAPE_EVERY === 0 || !answer.value.en_cours) void shape(answer.value.duration_ms);
    if (!answer.value.en_cours) {
      window.clearInterval(beat);
      void read(piece.value?.piece_id ?? "");
    }
  }

  function over(why: string): void {
    window.clearInterval(beat);
    ecoute.value = null;
    refused.value = why;
  }

  return {
    piece, ecoute, peaks, refused, needsReason, read, listen,
    /** The sound came no more: ask the service why. */
    ended: async () => {
      const mine = ecoute.value;
      if (mine === null) return;
      const answer = await ask(place(mine));
      over(answer.ok ? "Le son ne peut pas être lu par ce navigateur." : answer.detail);
    },
    close: () => {
      window.clearInterval(beat);
      if (ecoute.value !== null) void ask(place(ecoute.value), "DELETE");
      [piece.value, ecoute.value, peaks.value, refused.value, needsReason.value, beats] = [null, null, null, "", false, 0];
    },
  }; // prettier-ignore
}
