/** The words of the phone: what it is doing, what it knows of a call, what it is given to register with. */

/** Where the phone stands with the PBX. */
export type Link = "hors_ligne" | "connexion" | "pret";
/** What the phone as a whole is doing: its link, or its call when it has one. */
export type PhoneState = Link | "appelle" | "sonne" | "en_ligne" | "en_garde";
/** Where one call is. */
export type CallState = "appelle" | "sonne" | "en_ligne" | "en_garde" | "fini";

/** What `POST /api/v1/poste/telephone` answers. */
export interface Credentials {
  poste: string;
  uri: string;
  ws: string;
  username: string;
  password: string;
  expires_at: string;
  ice_servers: RTCIceServer[];
  /** Voice goes through the TURN servers and no other way. */
  relay_only: boolean;
  /** Extension that echoes. */
  echo: string;
}

/** Gives credentials, new ones at each call; null when this person has no phone here any more. */
export type Renew = () => Promise<Credentials | null>;

export interface CallView {
  id: string;
  state: CallState;
  incoming: boolean;
  /** Number and name as the PBX tells them. */
  number: string;
  name: string;
  muted: boolean;
  /** Local instants, ms; null before. */
  startedAt: number;
  answeredAt: number | null;
}

export interface PhoneView {
  link: Link;
  state: PhoneState;
  /** Why it is not ready, in French; empty when it is. */
  reason: string;
  /** The call that is spoken on, or rings. */
  call: CallView | null;
  /** A second one: waiting, or on hold. */
  second: CallView | null;
}

/** How a call ended. */
export interface Ended {
  call: CallView;
  /** Who ended it: `local`, `remote` or `system`. */
  by: string;
  /** JsSIP's word. */
  cause: string;
}

/** Cause of ITU-T Q.850 that tells the PBX that the phone vanished: its caller is given back to his queue. */
export const LOST_HEADER = 'Reason: Q.850;cause=44;text="page"';
