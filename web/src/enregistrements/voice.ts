/** Recordings as the service tells them, and how they are said to people. */

export type State = "started" | "closed" | "proven" | "damaged" | "missing" | "archived" | "held" | "destroyed";
export type May = "oui" | "motif" | "non";

export interface Speaker {
  agent: string;
  nom: string;
  filiere: string | null;
}

export interface Row {
  piece_id: string;
  call_id: string;
  kind: "appel" | "consultation";
  started_at: string;
  duration_ms: number | null;
  en_cours: boolean;
  state: State;
  problem: string | null;
  dossier_id: string | null;
  dossier_ref: string | null;
  flux: string;
  did: string | null;
  caller: string | null;
  direction: string;
  agents: Speaker[];
  gele: boolean;
  peut: { ecouter: May; exporter: May; conserver: May };
}

/** Offsets are milliseconds from the start of the sound. */
export interface Stage {
  filiere: string;
  agent: string | null;
  nom?: string | null;
  answered_ms: number | null;
  talk_ms: number | null;
  left_ms: number | null;
  end?: string | null;
}

export interface Consult {
  agent: string;
  nom?: string | null;
  target: string | null;
  answered_by: string | null;
  answered_by_nom?: string | null;
  answered_ms: number | null;
  ended_ms: number | null;
}

export interface Hold {
  number: number;
  scope: "piece" | "appel" | "dossier";
  target: string;
  kind: "reclamation" | "requisition" | "demande" | "autre";
  reference: string;
  asked_by: string;
  placed_by: string;
  placed_at: string;
  reason: string;
  released_at: string | null;
  released_by: string | null;
  release_reason: string | null;
}

export interface Piece extends Row {
  stages: Stage[];
  consults: Consult[];
  gels: Hold[];
  keep_until: string | null;
  retention: string | null;
}

export interface Filiere {
  code: string;
  libelle: string;
  ordre: number;
  couleur: string;
}
export type Filieres = Record<string, Filiere>;

export const STATES: Record<State, string> = {
  started: "en cours d'enregistrement",
  closed: "à vérifier",
  proven: "vérifié",
  damaged: "abîmé",
  missing: "son absent",
  archived: "archivé",
  held: "archivé, gelé",
  destroyed: "éliminé",
};

/** Something is wrong with it, and whoever looks at the list must see it. */
export const loud = (row: Row): boolean => row.state === "damaged" || row.state === "missing" || row.problem !== null;

/** There is, or there may be, something to hear. */
export const audible = (row: Row): boolean => row.state !== "missing" && row.state !== "destroyed";

export const stateWords = (row: Row): string => (row.en_cours ? "en cours" : STATES[row.state]);

/** 06 12 45 33 98, +33 6 12 45 33 98: as it is read aloud; any other number as it came. */
export function spaced(number: string | null): string {
  if (number === null) return "masqué";
  const french = /^(0\d|\+33\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(number);
  return french === null ? number : french.slice(1).join(" ").replace("+33", "+33 ");
}

const DAY = new Intl.DateTimeFormat("fr-FR", { day: "2-digit", month: "2-digit", year: "numeric" });
const HOUR = new Intl.DateTimeFormat("fr-FR", { hour: "2-digit", minute: "2-digit", second: "2-digit" });

export const day = (at: string): string => DAY.format(new Date(at));
export const hour = (at: string): string => HOUR.format(new Date(at));
export const dayHour = (at: string): string => `${day(at)} à ${hour(at).slice(0, 5)}`;

/** 1:05,3: to the tenth, where a passage must be told exactly. */
export function tenths(ms: number): string {
  const whole = Math.max(0, Math.round(ms / 100));
  const minutes = Math.floor(whole / 600);
  return `${minutes}:${String(Math.floor(whole / 10) % 60).padStart(2, "0")},${whole % 10}`;
}

/** What ``tenths`` wrote, or 65,3 or 1:05.3; null when it is no time. */
export function fromTenths(text: string): number | null {
  const found = /^(?:(\d+):)?(\d+)(?:[.,](\d))?$/.exec(text.trim());
  if (found === null || (found[1] !== undefined && Number(found[2]) > 59)) return null;
  return (Number(found[1] ?? 0) * 60 + Number(found[2])) * 1000 + Number(found[3] ?? 0) * 100;
}

/** An identity that nobody reads to its end. */
export const short = (id: string): string => (id.length > 14 ? `${id.slice(0, 13)}…` : id);

export const code = (filiere: string | null, filieres: Filieres): string =>
  filiere === null ? "" : (filieres[filiere]?.libelle ?? filiere.toUpperCase());
