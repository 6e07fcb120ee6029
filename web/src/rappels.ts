/**
 * The call-back list: read every five seconds, and what a person does about it.
 *
 * Each act sends the version of the entry that was on the screen; when somebody was quicker the server says so, and the list is
 * read again. The token, when the service asks for one, is kept by this page alone and forgotten with it.
 */

import { ref, shallowRef, type Ref, type ShallowRef } from "vue";
import { guard } from "./session/session";

export type State = "a_rappeler" | "pris" | "clos";
export type Result = "joint" | "sans_reponse" | "occupe" | "mauvais_numero";

export interface Act {
  at: string;
  by: string;
  kind: "prendre" | "essai" | "clore" | "rouvrir";
  result: Result | null;
  reason: string;
  call_id: string | null;
}

export interface Entry {
  id: string;
  rank: number;
  rank_code: string;
  rank_libelle: string;
  number: string | null;
  callable: boolean;
  kind: "abandon" | "attente_n2";
  flux: string;
  filiere: string | null;
  phase: "greeting" | "queue" | "ringing" | null;
  priority: number;
  dossier_ref: string | null;
  first_lost_at: string;
  last_lost_at: string;
  calls: number;
  state: State;
  taken_by: string | null;
  closed_at: string | null;
  closed_by: string | null;
  reason: string;
  version: number;
  acts: Act[];
}

export interface List {
  at: string;
  order: { date: string; source: string; ranks: { code: string; libelle: string }[] };
  counts: { open: number; taken: number; impossible: number };
  entries: Entry[];
}

export type Verb = Act["kind"];
export type Words = { result?: Result; reason?: string };
/** What came of an act: the entry afterwards, or why not. */
export type Outcome = { entry: Entry } | { refused: string };

const EVERY_MS = 5_000;

/** What came of a wish to call: the agent's phone is about to ring, or why not. */
export type Placed = { told: string } | { refused: string };

export interface Desk {
  list: ShallowRef<List | null>;
  lostAt: Ref<number | null>;
  needsToken: Ref<boolean>;
  offset: Ref<number>;
  read: () => Promise<void>;
  act: (entry: Entry, verb: Verb, by: string, words?: Words) => Promise<Outcome>;
  call: (entry: Entry, by: string, poste: string) => Promise<Placed>;
  stop: () => void;
}

export function useDesk(closed: Ref<boolean>, token: Ref<string>): Desk {
  const list = shallowRef<List | null>(null);
  const lostAt = ref<number | null>(null);
  const needsToken = ref(false);
  const offset = ref(0);
  let heardAt = Date.now();
  let asked = 0;

  const headers = (): Record<string, string> => (token.value === "" ? {} : { Authorization: `Bearer ${token.value}` });

  /** A pasted token names whoever acts; without one, whoever is signed in does. */
  const guarded = async (): Promise<Record<string, string>> => (token.value === "" ? guard() : headers());

  async function read(): Promise<void> {
    const mine = ++asked;
    try {
      const answer = await fetch(closed.value ? "/api/v1/rappels?state=clos" : "/api/v1/rappels", { headers: headers() });
      if (answer.status === 401) needsToken.value = true;
      if (!answer.ok) throw new Error(String(answer.status));
      const told = (await answer.json()) as List;
      if (mine !== asked) return; // a later question has been asked meanwhile
      list.value = told;
      heardAt = Date.now();
      offset.value = Date.parse(told.at) - heardAt;
      lostAt.value = null;
    } catch {
      if (mine === asked) lostAt.value ??= heardAt;
    }
  }

  async function act(entry: Entry, verb: Verb, by: string, words: Words = {}): Promise<Outcome> {
    try {
      const answer = await fetch(`/api/v1/rappels/${encodeURIComponent(entry.id)}/${verb}`, {
        method: "POST",
        headers: { ...(await guarded()), "Content-Type": "application/json" },
        body: JSON.stringify({ by, version: entry.version, ...words }),
      });
      if (answer.status === 401) needsToken.value = true;
      const told = (await answer.json()) as Entry & { detail?: string };
      void read();
      return answer.ok ? { entry: told } : { refused: told.detail ?? `Refusé (${answer.status}).` };
    } catch {
      return { refused: "Le serveur ne répond pas : rien n'a été enregistré." };
    }
  }

  /** Call back: the agent's own phone rings, then the number is dialled; the entry is taken, and notes the try by itself. */
  async function call(entry: Entry, by: string, poste: string): Promise<Placed> {
    try {
      const answer = await fetch("/api/v1/appels", {
        method: "POST",
        headers: { ...(await guarded()), "Content-Type": "application/json" },
        body: JSON.stringify({ by, poste, rappel: entry.id, version: entry.version }),
      });
      if (answer.status === 401) needsToken.value = true;
      const told = (await answer.json()) as { detail?: string };
      void read();
      return answer.ok ? { told: told.detail ?? "Votre poste sonne." } : { refused: told.detail ?? `Refusé (${answer.status}).` };
    } catch {
      return { refused: "Le serveur ne répond pas : personne n'est appelé." };
    }
  }

  const beat = window.setInterval(() => void read(), EVERY_MS);
  void read();
  return { list, lostAt, needsToken, offset, read, act, call, stop: () => window.clearInterval(beat) };
}
