/** Passages that an export must not let be heard: chosen on the picture, kept until the export is made or they are taken back. */

import { ref, shallowRef, type Ref, type ShallowRef } from "vue";
import type { Row } from "../voice";

export type Voice = "caller" | "agents" | "both";
export const VOICES: Record<Voice, string> = { caller: "l'appelant", agents: "les agents", both: "les deux voix" };

export interface Mask {
  piece_id: string;
  call_id: string;
  dossier: string | null;
  /** When that recording began: it is called by its hour. */
  started_at: string;
  de_ms: number;
  a_ms: number;
  voie: Voice;
  raison: string;
}

export interface Selection {
  from: number;
  to: number;
  side: Voice;
}

export interface Masks {
  list: ShallowRef<Mask[]>;
  selection: Ref<Selection | null>;
  /** A phrase stands on the screen that nobody has noted: it is shown only once. */
  unnoted: Ref<boolean>;
  select: (from: number, to: number) => void;
  edge: (edge: "in" | "out", at: number, length: number) => void;
  add: (row: Row, raison: string) => void;
  remove: (mask: Mask) => void;
  forget: (masks: readonly Mask[]) => void;
}

/** A keyboard's mark with no other edge yet reaches so far (ms). */
const FIRST_MS = 2_000;

export function useMasks(): Masks {
  const list = shallowRef<Mask[]>([]);
  const selection = ref<Selection | null>(null);
  const unnoted = ref(false);
  const side = (): Voice => selection.value?.side ?? "both";

  function select(from: number, to: number): void {
    selection.value = { from: Math.round(from), to: Math.round(to), side: side() };
  }
  return {
    list,
    selection,
    unnoted,
    select,
    edge: (edge, at, length) => {
      const now = selection.value;
      if (edge === "in") select(at, now !== null && now.to > at ? now.to : Math.min(at + FIRST_MS, length));
      else select(now !== null && now.from < at ? now.from : Math.max(0, at - FIRST_MS), at);
    },
    add: (row, raison) => {
      const chosen = selection.value;
      if (chosen === null) return;
      const mask: Mask = {
        piece_id: row.piece_id, call_id: row.call_id, dossier: row.dossier_ref, started_at: row.started_at,
        de_ms: chosen.from, a_ms: chosen.to, voie: chosen.side, raison,
      }; // prettier-ignore
      list.value = [...list.value, mask].sort((a, b) => a.started_at.localeCompare(b.started_at) || a.de_ms - b.de_ms);
      selection.value = null;
    },
    remove: (mask) => (list.value = list.value.filter((one) => one !== mask)),
    forget: (gone) => (list.value = list.value.filter((one) => !gone.includes(one))),
  };
}

export type Scope = "piece" | "appel" | "dossier";

/** Those that concern what is exported. */
export function within(masks: readonly Mask[], scope: Scope, row: Row): Mask[] {
  return masks.filter((one) => {
    if (scope === "piece") return one.piece_id === row.piece_id;
    return scope === "appel" ? one.call_id === row.call_id : one.dossier !== null && one.dossier === row.dossier_ref;
  });
}
