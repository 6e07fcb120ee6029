/** The board as the server tells it, and how a change is laid over it. */

export type Presence = "free" | "ringing" | "talking" | "paused" | "wrapup" | "unreachable";
export type CallState = "placed" | "dialling" | "greeting" | "waiting" | "talking" | "held" | "moving";

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
  direction: "entrant" | "sortant";
  placed_by: string | null;
  /** Several people with this caller. */
  room: "p0" | "conference" | null;
  guests: string[];
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

/** What a post does in one filière; the reason is that of a pause. */
export interface Seat {
  presence: Presence;
  since: string;
  reason: string;
}

export interface Agent {
  agent: string;
  nom: string;
  filieres: Record<string, Seat>;
}

export interface Day {
  day: string;
  entrants: number;
  answered: number;
  abandoned: number;
  abandoned_early: number;
  qs30: number | null;
  taux_accueil: number | null;
  short_talks: number;
  uncertain: number;
  formule_qs30: string;
  formule_taux_accueil: string;
  formule_short_talks: string;
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

export type Totals = Record<Exclude<CallState, "placed" | "dialling"> | "outgoing" | "calls" | "uncertain", number | null>;

/** Callers to be called back: those with a number, and those without. */
export interface Callbacks {
  open: number;
  impossible: number;
}

/** Crisis mode; since, by and reason are those of the last turn of the switch, spans the crises of the last day. */
export interface Crisis {
  active: boolean;
  since: string | null;
  by: string;
  reason: string;
  pbx: boolean;
  proposal: string | null;
  spans: { since: string; until: string | null }[];
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
  crise: Crisis | null;
  alarms: Record<string, Alarm>;
  filieres: Record<string, Filiere>;
  agents: Record<string, Agent>;
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
  crise?: Crisis | null;
  alarms?: Record<string, Alarm | null>;
  filieres?: Record<string, Filiere>;
  agents?: Record<string, Agent | null>;
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
    crise: change.crise === undefined ? board.crise : change.crise,
    alarms: change.alarms ? laidOver(board.alarms, change.alarms) : board.alarms,
    filieres: change.filieres ? laidOver(board.filieres, change.filieres) : board.filieres,
    agents: change.agents ? laidOver(board.agents, change.agents) : board.agents,
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

export interface Held extends Seat {
  agent: string;
  nom: string;
  filieres: string[];
}

const AWAY: Presence[] = ["paused", "wrapup", "unreachable"];

/** People at a post who are offered no call: the longest first. A post does the same in all its filières. */
export function away(board: Board): Held[] {
  return Object.values(board.agents)
    .flatMap((agent) => {
      const seat = Object.values(agent.filieres).find((one) => AWAY.includes(one.presence));
      return seat ? [{ ...seat, agent: agent.agent, nom: agent.nom, filieres: Object.keys(agent.filieres) }] : [];
    })
    .sort((a, b) => a.since.localeCompare(b.since) || a.agent.localeCompare(b.agent));
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
