/**
 * What the page needs of a telephone that is in it (a «webrtc» post), and how one is plugged in.
 *
 * A telephone on the desk is none of the page's: it is picked up, held and muted by hand; the page follows what it does through the
 * PBX, and asks the PBX to hang it up.
 */

import { shallowRef } from "vue";

export type PhoneState = "hors ligne" | "connexion" | "prêt" | "sonne" | "en ligne" | "en garde";

export interface PhonePort {
  readonly state: PhoneState;
  readonly muted: boolean;
  /** Why it is out of order, in words for the person; empty while all is well. */
  readonly trouble: string;
  /** Score of the running call (1 to 4.4); null without one, or before it is known. */
  readonly score: number | null;
  answer(): Promise<void>;
  hangUp(): Promise<void>;
  hold(): Promise<void>;
  resume(): Promise<void>;
  mute(on: boolean): Promise<void>;
  dtmf(keys: string): Promise<void>;
  /** Be told whenever state, muted or trouble changed; gives what ends that. */
  watch(told: () => void): () => void;
  /** Leave the PBX; nothing rings here any more. */
  stop(): Promise<void>;
}

/** Puts the browser's telephone of a post on the line; comes back once it tries, not once it is ready. */
export type MakePhone = (poste: string) => Promise<PhonePort>;

/** The browser's telephone, once this build has one. */
export const browserPhone = shallowRef<MakePhone | null>(null);

export function plugPhone(make: MakePhone): void {
  browserPhone.value = make;
}
