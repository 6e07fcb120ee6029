/** Holds: they stop the clock of destruction for a recording, a call or a dossier. */

import { ask, type Answer } from "../session";
import type { Hold, Row } from "../voice";

export const KINDS: Record<Hold["kind"], string> = { reclamation: "réclamation", requisition: "réquisition", demande: "demande du patient", autre: "autre" };
export const SCOPES: Record<Hold["scope"], string> = { piece: "cet enregistrement", appel: "tout l'appel", dossier: "tout le dossier" };

export interface Wish {
  scope: Hold["scope"];
  kind: Hold["kind"];
  reference: string;
  demandeur: string;
  raison: string;
}

export function targetOf(scope: Hold["scope"], row: Row): string {
  return scope === "piece" ? row.piece_id : scope === "appel" ? row.call_id : (row.dossier_ref ?? "");
}

export function place(row: Row, wish: Wish): Promise<Answer<Hold>> {
  const { scope, kind, reference, demandeur, raison } = wish;
  return ask<Hold>("/api/v1/gels", "POST", { [scope]: targetOf(scope, row), motif: kind, reference, demandeur, raison });
}

export function lift(number: number, raison: string): Promise<Answer<Hold>> {
  return ask<Hold>(`/api/v1/gels/${number}/levee`, "POST", { raison });
}

export async function holds(): Promise<Answer<Hold[]>> {
  const answer = await ask<{ items: Hold[] }>("/api/v1/gels?tous=true");
  return answer.ok ? { ok: true, value: answer.value.items } : answer;
}
