/** The three lists: my calls (kept current), those of a dossier, those a search found. */

import { reactive, ref, shallowRef, type Ref, type ShallowRef } from "vue";
import { ask } from "./session";
import type { Row } from "./voice";

const EVERY_MS = 3_000;

export interface Wanted {
  since: string;
  until: string;
  numero: string;
  agent: string;
  filiere: string;
  dossier: string;
  etat: string;
}

export interface Listed {
  rows: ShallowRef<Row[] | null>;
  refused: Ref<string>;
  busy: Ref<boolean>;
}

function listed(): Listed {
  return { rows: shallowRef<Row[] | null>(null), refused: ref(""), busy: ref(false) };
}

/** What the asker may hear now; read every three seconds while somebody looks. */
export function useMine(): Listed & { read: () => Promise<void>; start: () => void; stop: () => void } {
  const list = listed();
  let beat: number | undefined;
  async function read(): Promise<void> {
    list.busy.value = list.rows.value === null;
    const answer = await ask<{ items: Row[] }>("/api/v1/enregistrements/miens");
    list.busy.value = false;
    list.refused.value = answer.ok ? "" : answer.detail;
    if (answer.ok) list.rows.value = answer.value.items;
  }
  return {
    ...list,
    read,
    start: () => {
      window.clearInterval(beat);
      beat = window.setInterval(() => void read(), EVERY_MS);
      void read();
    },
    stop: () => window.clearInterval(beat),
  };
}

export function useDossier(): Listed & { ref: Ref<string>; motif: Ref<string>; needsReason: Ref<boolean>; find: () => Promise<void> } {
  const list = listed();
  const wanted = ref("");
  const motif = ref("");
  const needsReason = ref(false);
  async function find(): Promise<void> {
    const dossier = wanted.value.trim();
    if (dossier === "") return;
    list.busy.value = true;
    const query = motif.value.trim() === "" ? "" : `?${new URLSearchParams({ motif: motif.value.trim() }).toString()}`;
    const answer = await ask<{ items: Row[] }>(`/api/v1/dossiers/${encodeURIComponent(dossier)}/enregistrements${query}`);
    needsReason.value ||= !answer.ok && answer.motif;
    list.busy.value = false;
    list.rows.value = answer.ok ? answer.value.items : answer.status === 404 ? [] : null;
    list.refused.value = answer.ok || answer.status === 404 ? "" : answer.detail;
  }
  return { ...list, ref: wanted, motif, needsReason, find };
}

/** The local day as an ``<input type="datetime-local">`` has it. */
function morning(): string {
  const now = new Date();
  const two = (n: number): string => String(n).padStart(2, "0");
  return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}T00:00`;
}

export interface Search extends Listed {
  wanted: Wanted;
  next: Ref<string | null>;
  find: () => Promise<void>;
  more: () => Promise<void>;
  clear: () => void;
}

const EMPTY: Wanted = { since: "", until: "", numero: "", agent: "", filiere: "", dossier: "", etat: "" };
const PAGE = 50;

export function useSearch(): Search {
  const list = listed();
  const wanted = reactive<Wanted>({ ...EMPTY, since: morning() });
  const next = ref<string | null>(null);
  let asked = "";

  async function read(after: string | null): Promise<void> {
    list.busy.value = true;
    const query = after === null ? asked : `${asked}&after=${encodeURIComponent(after)}`;
    const answer = await ask<{ items: Row[]; next_after: string | null }>(`/api/v1/enregistrements?${query}`);
    list.busy.value = false;
    list.refused.value = answer.ok ? "" : answer.detail;
    if (!answer.ok) return;
    list.rows.value = after === null ? answer.value.items : [...(list.rows.value ?? []), ...answer.value.items];
    next.value = answer.value.next_after;
  }

  return {
    ...list,
    wanted,
    next,
    find: async () => {
      const words = new URLSearchParams({ limit: String(PAGE) });
      for (const [name, value] of Object.entries(wanted) as [keyof Wanted, string][]) {
        const given = value.trim();
        if (given === "") continue;
        words.set(name, name === "since" || name === "until" ? new Date(given).toISOString() : given);
      }
      asked = words.toString();
      await read(null);
    },
    more: async () => {
      if (next.value !== null) await read(next.value);
    },
    clear: () => Object.assign(wanted, EMPTY, { since: morning() }),
  };
}
