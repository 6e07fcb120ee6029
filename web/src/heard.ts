/** How well a leg was heard, in one word (E-model, ITU-T G.107 Annex B: R of 80 and of 70); the service says the same of what it keeps. */

export type Heard = "bonne" | "moyenne" | "mauvaise" | "inconnue";

export const heardAs = (mos: number | null): Heard => (mos === null ? "inconnue" : mos >= 4.03 ? "bonne" : mos >= 3.6 ? "moyenne" : "mauvaise");

/** One leg as `GET /api/v1/calls/{id}` tells it. */
export interface Leg {
  leg: string;
  temoin: "pbx" | "navigateur";
  poste: string;
  mot: Heard;
  mos: number | null;
  mos_min: number | null;
  perte: number | null;
  gigue_ms: number | null;
  aller_retour_ms: number | null;
}

const comma = (value: number, digits: number): string => value.toFixed(digits).replace(".", ",");

/** Its figures in words; what nobody measured is left out. */
export function figures(leg: Leg): string {
  const known = [
    leg.mos === null ? "" : `${comma(leg.mos, 1)} sur 4,4`,
    leg.perte === null ? "" : `pertes ${comma(100 * leg.perte, 1)} %`,
    leg.gigue_ms === null ? "" : `gigue ${Math.round(leg.gigue_ms)} ms`,
    leg.aller_retour_ms === null ? "" : `aller-retour ${Math.round(leg.aller_retour_ms)} ms`,
  ];
  return known.filter((one) => one !== "").join(" · ");
}
