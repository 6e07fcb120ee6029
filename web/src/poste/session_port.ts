/** Who is signed in, as the desk needs it: whatever lets her in, by a session or by a token, answers to this. */

import { computed, type ComputedRef, type Ref } from "vue";
import { ask, byToken, comeBack, leave, me, openStream, type Answer } from "../enregistrements/session";

export type { Answer } from "../enregistrements/session";

export interface Signed {
  compte: string;
  nom: string;
  roles: string[];
}

export interface SessionPort {
  person: ComputedRef<Signed | null>;
  /** How she came last, or would come: by a token, not by a session. */
  byToken: Ref<boolean>;
  /** Whether the service could tell who she is, if anybody. */
  comeBack: () => Promise<boolean>;
  leave: () => void;
  ask: <T>(path: string, method?: string, body?: unknown) => Promise<Answer<T>>;
  /** A response whose body is read as it comes. */
  stream: (path: string, signal: AbortSignal) => Promise<Response>;
}

/** Signed in by a person's token, as at the recordings. */
export const session: SessionPort = {
  person: computed(() => (me.value === null ? null : { compte: me.value.who, nom: me.value.nom, roles: me.value.roles })),
  byToken,
  comeBack,
  leave: () => leave(),
  ask,
  stream: openStream,
};
