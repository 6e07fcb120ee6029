/** Who is signed in, as the desk needs it: whatever lets her in, by a session or by a token, answers to this. */

import { computed, type ComputedRef } from "vue";
import { ask, comeBack, leave, me, openStream, type Answer } from "../enregistrements/session";

export type { Answer } from "../enregistrements/session";

export interface Signed {
  compte: string;
  nom: string;
  roles: string[];
}

export interface SessionPort {
  person: ComputedRef<Signed | null>;
  comeBack: () => Promise<void>;
  leave: () => void;
  ask: <T>(path: string, method?: string, body?: unknown) => Promise<Answer<T>>;
  /** A response whose body is read as it comes. */
  stream: (path: string, signal: AbortSignal) => Promise<Response>;
}

/** Signed in by a person's token, as at the recordings. */
export const session: SessionPort = {
  person: computed(() => (me.value === null ? null : { compte: me.value.who, nom: me.value.nom, roles: me.value.roles })),
  comeBack,
  leave: () => leave(),
  ask,
  stream: openStream,
};
