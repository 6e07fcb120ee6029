/** One desk as the server tells it, and how a change is laid over it. */

import type { Callbacks, Filiere, Link } from "../board";

export type Place = "sonne" | "appelle" | "en_ligne" | "en_garde" | "consulte" | "consultee" | "salle";
export type ServerAct = "transferer" | "raccrocher" | "p0" | "retirer" | "consulter" | "passer" | "revenir" | "reunir" | "inviter" | "noter";

export interface Note {
  note_id: string;
  at: string;
  by: string;
  poste: string;
  texte: string;
}

/** One passage through a filière; without one, the talk of an agent with whom he called. */
export interface Stage {
  filiere: string | null;
  entered_at: string;
  answered_at: string | null;
  left_at: string | null;
  wait_ms: number | null;
  talk_ms: number | null;
  agent: string | null;
  nom: string | null;
  end: string | null;
  motif: string;
  accompanied: string | null;
}

/** Somebody with the caller (``there``) or asked to come; ``guest`` names one who can be shown out. */
export interface Present {
  kind: "agent" | "invite" | "filiere";
  nom: string;
  since: string;
  there: boolean;
  guest: string | null;
  moi: boolean;
}

export interface Consult {
  nom: string;
  target: string;
  target_nom: string | null;
  started_at: string;
  answered_at: string | null;
  answered_nom: string | null;
}

/** Who it is, and what he told so far. */
export interface Caller {
  call_id: string;
  t0: string;
  flux: string;
  did: string;
  direction: "entrant" | "sortant";
  number: string | null;
  test: boolean;
  dossier_id: string | null;
  dossier_ref: string | null;
  stages: Stage[];
  notes: Note[];
}

export interface Call extends Caller {
  place: Place;
  since: string;
  filiere: string | null;
  motif: string;
  waiting_since: string | null;
  wait_ms: number | null;
  priority: number;
  uncertain: boolean;
  repeat_count: number;
  previous_call_id: string | null;
  previous_dossier_ref: string | null;
  room: "p0" | "conference" | null;
  people: Present[];
  consult: Consult | null;
  asked_by: string | null;
  /** null: may be asked for now; else why not. */
  actes: Record<ServerAct, string | null>;
}

export interface Last extends Caller {
  filiere: string | null;
  since: string;
  until: string;
  end: string | null;
  then: string | null;
}

export interface Post {
  poste: string;
  numero: string;
  fixe: boolean;
  personne: string | null;
  nom: string;
  role: string | null;
  filieres: string[];
  since: string | null;
  hold: "pause" | "post_appel" | "retrait" | null;
  reason: string;
  hold_since: string | null;
  hold_until: string | null;
  by: string;
  /** Why no call may be offered though nobody paused it; `garde`: as the last one it is offered some all the same. */
  pas_pret: { since: string; garde: boolean; manques: { code: string; texte: string; faire: string }[] } | null;
  presence: Record<string, string>;
  webrtc: boolean;
  possibles: string[];
  motifs: string[];
  p0: string | null;
}

export interface Desk {
  epoch: string;
  seq: number;
  at: string;
  link: Link;
  poste: Post;
  rappels: Callbacks | null;
  last: Last | null;
  files: Record<string, Filiere>;
  calls: Record<string, Call>;
}

/** Only the parts that changed; null stands for "gone". */
export type Change = Pick<Desk, "epoch" | "seq" | "at"> &
  Partial<Pick<Desk, "link" | "poste" | "rappels" | "last" | "files">> & { calls?: Record<string, Call | null> };

/** A post to choose from. */
export interface Choice {
  poste: string;
  numero: string;
  libelle: string;
  webrtc: boolean;
  fixe: boolean;
  personne: string | null;
  nom: string;
  libre: boolean;
  mien: boolean;
}

export interface Choices {
  personne: string | null;
  nom: string;
  filieres: string[];
  mien: string | null;
  regarde: boolean;
  people: { personne: string; nom: string; filieres: string[] }[];
  postes: Choice[];
}

/** The desk after a change; the old one is left as it was. */
export function changed(desk: Desk, change: Change): Desk {
  const calls = { ...desk.calls };
  for (const [call, value] of Object.entries(change.calls ?? {})) {
    if (value === null) delete calls[call];
    else calls[call] = value;
  }
  return {
    epoch: change.epoch,
    seq: change.seq,
    at: change.at,
    link: change.link ?? desk.link,
    poste: change.poste ?? desk.poste,
    rappels: change.rappels === undefined ? desk.rappels : change.rappels,
    last: change.last === undefined ? desk.last : change.last,
    files: { ...desk.files, ...change.files },
    calls,
  };
}

const NEAREST: Place[] = ["consulte", "salle", "en_ligne", "en_garde", "appelle", "consultee", "sonne"];

/** Her calls, the one that she speaks in first. */
export function inOrder(desk: Desk): Call[] {
  const rank = (call: Call): number => NEAREST.indexOf(call.place);
  return Object.values(desk.calls).sort((a, b) => rank(a) - rank(b) || a.since.localeCompare(b.since));
}

export const PLACES: Record<Place, string> = {
  sonne: "Sonne",
  appelle: "Appel en cours",
  en_ligne: "En ligne",
  en_garde: "En garde",
  consulte: "Consultation",
  consultee: "On vous consulte",
  salle: "À plusieurs",
};
const ENDS: Record<string, string> = {
  completed: "raccroché",
  transferred: "transféré",
  overflowed: "personne n'a répondu",
  abandoned: "l'appelant a raccroché",
  moved: "passé dans une autre file",
  unreached: "non joint",
  withdrawn: "demande retirée",
};
export const endWords = (end: string | null): string => (end === null ? "" : (ENDS[end] ?? end));

/** What her phone does: it rings if it rings for any of her filières, and is out of reach if it is for all of them. */
export function presenceOf(post: Post): string {
  const all = Object.values(post.presence);
  return all.find((one) => one === "ringing") ?? all.find((one) => one !== "unreachable") ?? all[0] ?? "";
}
export const libelle = (files: Record<string, Filiere>, code: string | null): string => (code === null ? "" : (files[code]?.libelle ?? code));
