/** What stands on the picture of a recording beside its sound: stages, consultations, marks of time. */

import { code, type Consult, type Filieres, type Piece, type Stage } from "../voice";

export interface Band {
  from: number;
  to: number;
  title: string;
  who: string;
  colour: string;
  open: boolean;
}

/** A stage is shown from when somebody was with the caller; without one, it is no place in the sound. */
const begun = (stage: Stage): number | null => stage.talk_ms ?? stage.answered_ms;

export function bands(piece: Piece, filieres: Filieres, length: number): Band[] {
  return piece.stages.flatMap((stage) => {
    const from = begun(stage);
    if (from === null || from > length) return [];
    const to = Math.min(stage.left_ms ?? length, length);
    const who = stage.nom || piece.agents.find((one) => one.agent === stage.agent)?.nom || stage.agent || "";
    const colour = filieres[stage.filiere]?.couleur ?? "#7c8798";
    return [{ from: Math.max(0, from), to, title: code(stage.filiere, filieres), who, colour, open: stage.left_ms === null }];
  });
}

export function consulted(piece: Piece, length: number): Band[] {
  return piece.consults.flatMap((one: Consult) => {
    if (one.answered_ms === null || one.answered_ms > length || piece.kind === "consultation") return [];
    const who = [one.nom || one.agent, one.answered_by_nom || one.answered_by || one.target || ""].filter((name) => name !== "").join(" → ");
    const to = Math.min(one.ended_ms ?? length, length);
    return [{ from: Math.max(0, one.answered_ms), to, title: "consultation", who, colour: "#7c8798", open: one.ended_ms === null }];
  });
}

const STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600].map((seconds) => seconds * 1000);

/** At most ``most`` round instants between nothing and ``length`` (ms). */
export function ticks(length: number, most: number): number[] {
  const step = STEPS.find((one) => length / one <= Math.max(1, most)) ?? 3_600_000;
  return Array.from({ length: Math.floor(length / step) + 1 }, (_, place) => place * step);
}
