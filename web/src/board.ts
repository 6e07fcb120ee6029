/** The board as the server tells it, and how a change is laid over it. */

export type Presence = "free" | "ringing" | "talking" | "paused" | "wrapup" | "unreachable";
export type CallState = "greeting" | "waiting" | "talking" | "held" | "moving";

export interface Link {
  state: "up" | "down";
  since: string;
  reason: string;
  ever_up: boolean;
}

export interface Call {
  call_id: string;
  flux: string;
  state: CallState;
  ringing: boolean;
  filiere: string | null;
  t0: string;
  since: string;
  waiting_since: string | null;
  wait_ms: number | null;
  caller: string | null;
  agents: string[];
  stages: number;
  priority: number;
  dossier_ref: string | null;
  uncertain: boolean;
  test: boolean;
  repeat_count: number;
  previous_dossier_ref: string | null;
}

/** Counts are null when nothing is known, which is not zero. */
export interface Filiere {
  code: string;
  libelle: string;
  ordre: number;
  couleur: string;
  attente_orange_seconds: number;
  attente_rouge_seconds: number;
  inconnue: boolean;
  waiting: number | null;
  ringing: number | null;
  talking: number | null;
  held: number | null;
  oldest_since: string | null;
  agents: Record<Presence, number | null>;
}

export interface Day {
  day: string;
  entrants: number;
  answered: number;
  abandoned: number;
  abandoned_early: number;
  qs30: number | null;
  taux_accueil: number | null;
  uncertain: number;
  formule_qs30: string;
  formule_taux_accueil: string;
}

export interface Minute {
  at: string;
  worst_ms: number;
  answered: number;
  abandoned: number;
}

export type Gravite = "critique" | "avertissement";

export interface Alarm {
  since: string;
  text: string;
  gravite: Gravite;
}

export type Totals = Record<CallState | "calls" | "uncertain", number | null>;

/** Callers to be called back: those with a number, and those without. */
export interface Callbacks {
  open: number;
  impossible: number;
}

export interface Board {
  epoch: string;
  seq: number;
  at: string;
  link: Link;
  totals: Totals;
  day: Day | null;
  waits: Minute[];
  callbacks: Callbacks | null;
  alarms: Record<string, Alarm>;
  filieres: Record<string, Filiere>;
  calls: Record<string, Call>;
}

/** Only the parts that changed; null stands for "gone". */
export interface Change {
  epoch: string;
  seq: number;
  at: string;
  link?: Link;
  totals?: Totals;
  day?: Day | null;
  waits?: Minute[];
  callbacks?: Callbacks | null;
  alarms?: Record<string, Alarm | null>;
  filieres?: Record<string, Filiere>;
  calls?: Record<string, Call | null>;
}

function laidOver<T>(old: Record<string, T>, change: Record<string, T | null>): Record<string, T> {
  const next = { ...old };
  for (const [key, value] of Object.entries(change)) {
    if (value === null) delete next[key];
    else next[key] = value;
  }
  return next;
}

/** The board after a change; the old one is left as it was. */
export function changed(board: Board, change: Change): Board {
  return {
    epoch: change.epoch,
    seq: change.seq,
    at: change.at,
    link: change.link ?? board.link,
    totals: change.totals ?? board.totals,
    day: change.day === undefined ? board.day : change.day,
    waits: change.waits ?? board.waits,
    callbacks: change.callbacks ?? board.callbacks,
    alarms: change.alarms ? laidOver(board.alarms, change.alarms) : board.alarms,
    filieres: change.filieres ? laidOver(board.filieres, change.filieres) : board.filieres,
    calls: change.calls ? laidOver(board.calls, change.calls) : board.calls,
  };
}

export function inOrder(board: Board): Filiere[] {
  return Object.values(board.filieres).sort((a, b) => a.ordre - b.ordre || a.code.localeCompare(b.code));
}

/** Critical alarms first, then the newest. */
export function urgentFirst(alarms: Record<string, Alarm>): (Alarm & { code: string })[] {
  return Object.entries(alarms)
    .map(([code, alarm]) => ({ code, ...alarm }))
    .sort(
      (a, b) =>
        Number(a.gravite !== "critique") - Number(b.gravite !== "critique") ||
        b.since.localeCompare(a.since) ||
        a.code.localeCompare(b.code),
    );
}

/** Callers who wait come first, the longest wait on top; then the talks, the longest on top. */
export function byWait(board: Board): Call[] {
  return Object.values(board.calls).sort(
    (a, b) =>
      Number(a.waiting_since === null) - Number(b.waiting_since === null) ||
      (a.waiting_since ?? a.since).localeCompare(b.waiting_since ?? b.since) ||
      a.call_id.localeCompare(b.call_id),
  );
}
