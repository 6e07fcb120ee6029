/** A sealed package: asked for, followed while it is made, fetched by whoever asked. */

import { ask, fetchFile, type Answer } from "../session";
import type { Mask } from "./masks";

export interface Package {
  export_id: string;
  etat: "en_cours" | "fait" | "refuse" | "efface";
  done: number;
  total: number;
  detail: string | null;
  sha256?: string;
  bytes?: number;
  /** Shown once, to whoever asked. */
  phrase?: string | null;
  expires_at?: string | null;
}

export interface Wanted {
  call_id?: string;
  dossier?: string;
  pieces?: string[];
  motif: string;
  reference: string;
  demandeur: string;
  destinataires: string[];
  masques: Pick<Mask, "piece_id" | "de_ms" | "a_ms" | "voie" | "raison">[];
}

const EVERY_MS = 1_000;
const place = (id: string): string => `/api/v1/exports/${encodeURIComponent(id)}`;

/** Ask for it; ``told`` hears how far it is, until it is made or refused. */
export async function make(wanted: Wanted, told: (one: Package) => void): Promise<Answer<Package>> {
  let answer = await ask<Package>("/api/v1/exports", "POST", wanted);
  while (answer.ok && answer.value.etat === "en_cours") {
    told(answer.value);
    await new Promise((later) => window.setTimeout(later, EVERY_MS));
    answer = await ask<Package>(place(answer.value.export_id));
  }
  if (answer.ok && answer.value.etat === "refuse") {
    return { ok: false, status: 409, detail: answer.value.detail ?? "Le paquet n'a pas pu être fait.", motif: false };
  }
  return answer;
}

/** Fetch the package into the browser's own folder of downloads. */
export async function carryOff(one: Package): Promise<string> {
  const answer = await fetchFile(`${place(one.export_id)}/paquet`);
  if (!answer.ok) return answer.detail;
  const link = document.createElement("a");
  link.href = URL.createObjectURL(answer.value.blob);
  link.download = answer.value.name || `remise-${one.export_id}.age`;
  link.click();
  window.setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  return "";
}
