/**
 * The one table of what can be done at a desk: its key, its words, when it may not be done and why, and what it does.
 *
 * Buttons, keys and help are made from it, so none can say what another does not. What the server knows of a call (``actes``) is taken
 * as it is; what only a telephone can do is asked of the telephone.
 */

import type { Filiere } from "../board";
import type { Call, Desk, ServerAct } from "./desk";
import type { PhonePort } from "./phone_port";

/** What acts stand on. */
export interface Ground {
  desk: Desk;
  /** The call that acts are about; the one that rings is apart. */
  call: Call | null;
  ringing: Call | null;
  /** The telephone in this page; null: it stands on the desk. */
  phone: PhonePort | null;
  /** The page has lost the server, or only looks. */
  bound: string;
}

/** What can be done, whoever asks. */
export interface Doing {
  answer: () => unknown;
  hangUp: () => unknown;
  hold: () => unknown;
  mute: () => unknown;
  transfer: (filiere: string) => unknown;
  ask: (verb: "p0" | "p0/cancel" | "consult/complete" | "consult/cancel" | "consult/conference") => unknown;
  choose: (what: "consulter" | "inviter" | "pause" | "files" | "aide") => unknown;
  listen: () => unknown;
  write: () => unknown;
  dial: () => unknown;
  ready: () => unknown;
}

export type Group = "telephone" | "transfert" | "aide" | "moi";

export interface Act {
  id: string;
  /** As ``KeyboardEvent.key`` has it, in lower case. */
  key: string;
  /** As people read it. */
  keyWords: string;
  group: Group;
  words: (ground: Ground) => string;
  /** In the help. */
  meaning: string;
  /** Why not now, or null. */
  refused: (ground: Ground) => string | null;
  /** On a button now; its key says why not even where no button is. */
  shown: (ground: Ground) => boolean;
  /** A second press is asked for. */
  twice?: (ground: Ground) => boolean;
  look?: "main" | "danger" | "p0";
  colour?: string;
  run: (doing: Doing, ground: Ground) => unknown;
}

/** One-key transfers; a filière that is not here is given a digit, in the order of the site. */
const FILIERE_KEYS: Record<string, string> = { amu: "a", mg: "m", mru: "d", mrg: "l", psy: "y", dentaire: "t", n1: "1" };
const DIGITS = "23456789";

/** The key of each filière of the site. */
export function filiereKeys(files: readonly Filiere[]): Record<string, string> {
  const digits = [...DIGITS];
  return Object.fromEntries(files.map((one) => [one.code, FILIERE_KEYS[one.code] ?? digits.shift() ?? ""]));
}

export const inSiteOrder = (files: Record<string, Filiere>): Filiere[] => Object.values(files).sort((a, b) => a.ordre - b.ordre || a.code.localeCompare(b.code));

const NO_CALL = "Vous n'avez pas d'appel en ligne.";
/** What the server said of this act on her call. */
const said =
  (act: ServerAct) =>
  ({ call, bound }: Ground): string | null =>
    bound || (call === null ? NO_CALL : (call.actes[act] ?? null));
const withCall = ({ call }: Ground): boolean => call !== null && call.place !== "consultee" && call.place !== "appelle";
const consulting = ({ call }: Ground): boolean => call?.place === "consulte";
const notConsulting = (ground: Ground): boolean => withCall(ground) && !consulting(ground);

function byPhone(ground: Ground, wish: (phone: PhonePort) => string | null, byHand: string): string | null {
  if (ground.phone === null) return byHand;
  return ground.phone.state === "hors ligne" ? "Le téléphone du navigateur n'est pas en ligne." : wish(ground.phone);
}

const BASE: Act[] = [
  {
    id: "decrocher", key: "enter", keyWords: "Entrée", group: "telephone", look: "main",
    words: () => "Décrocher", meaning: "décrocher l'appel qui sonne (ou Espace)",
    refused: (g) => (g.phone?.state === "sonne" ? null : g.ringing === null ? "Rien ne sonne." : byPhone(g, () => "Le téléphone du navigateur ne sonne pas encore.", "Décrochez sur votre téléphone : le PBX ne peut pas le faire à votre place.")),
    shown: (g) => g.phone !== null && (g.ringing !== null || g.phone.state === "sonne"), run: (d) => d.answer(),
  },
  {
    id: "raccrocher", key: "r", keyWords: "R", group: "telephone", look: "danger", twice: () => true,
    words: (g) => (g.call?.place === "salle" ? "Quitter" : "Raccrocher"), meaning: "raccrocher (deux fois : la seconde confirme)",
    refused: said("raccrocher"), shown: (g) => g.call !== null, run: (d) => d.hangUp(),
  },
  {
    id: "garde", key: "g", keyWords: "G", group: "telephone",
    words: (g) => (g.phone?.state === "en garde" ? "Reprendre" : "Garde"), meaning: "mettre en garde, reprendre",
    refused: (g) => byPhone(g, (phone) => (phone.state === "en ligne" || phone.state === "en garde" ? null : NO_CALL), "La garde se fait sur votre téléphone."),
    shown: (g) => withCall(g) && g.phone !== null, run: (d) => d.hold(),
  },
  {
    id: "muet", key: "u", keyWords: "U", group: "telephone",
    words: (g) => (g.phone?.muted ? "Rétablir le micro" : "Couper le micro"), meaning: "couper ou rétablir le micro",
    refused: (g) => byPhone(g, (phone) => (phone.state === "en ligne" ? null : NO_CALL), "Le micro se coupe sur votre téléphone."),
    shown: (g) => g.call !== null && g.phone !== null, run: (d) => d.mute(),
  },
  {
    id: "p0", key: "p", keyWords: "P", group: "aide", look: "p0",
    words: () => "P0", meaning: "P0 : solliciter tous les médecins libres, sans quitter l'appelant",
    refused: said("p0"), shown: (g) => notConsulting(g) && g.call?.actes.retirer !== null, run: (d) => d.ask("p0"),
  },
  {
    id: "retirer", key: "x", keyWords: "X", group: "aide",
    words: () => "Retirer la demande", meaning: "ne plus demander le renfort qui n'est pas venu",
    refused: said("retirer"), shown: (g) => g.call?.actes.retirer === null, run: (d) => d.ask("p0/cancel"),
  },
  {
    id: "consulter", key: "c", keyWords: "C", group: "aide",
    words: () => "Consulter…", meaning: "consulter à part une filière ou un poste : l'appelant patiente",
    refused: said("consulter"), shown: notConsulting, run: (d) => d.choose("consulter"),
  },
  {
    id: "passer", key: "v", keyWords: "V", group: "aide", look: "main",
    words: (g) => (g.call?.consult?.answered_at ? "Passer l'appelant" : "Le laisser attendre là"), meaning: "passer l'appelant à qui est consulté",
    refused: said("passer"), shown: consulting, run: (d) => d.ask("consult/complete"),
  },
  {
    id: "revenir", key: "b", keyWords: "B", group: "aide",
    words: () => "Revenir à l'appelant", meaning: "finir la consultation et revenir à l'appelant",
    refused: said("revenir"), shown: consulting, run: (d) => d.ask("consult/cancel"),
  },
  {
    id: "conference", key: "f", keyWords: "F", group: "aide",
    words: (g) => (consulting(g) ? "Tous ensemble" : "Conférence…"), meaning: "pendant une consultation : tous ensemble ; sinon : inviter quelqu'un",
    refused: (g) => said(consulting(g) ? "reunir" : "inviter")(g), shown: withCall,
    run: (d, g) => (consulting(g) ? d.ask("consult/conference") : d.choose("inviter")),
  },
  {
    id: "noter", key: "n", keyWords: "N", group: "moi",
    words: () => "Noter", meaning: "écrire ce que l'appelant a dit (Entrée enregistre, Échap quitte)",
    refused: (g) => ((g.call ?? g.desk.last) === null ? "Aucun appel à annoter." : null), shown: () => false, run: (d) => d.write(),
  },
  {
    id: "reecouter", key: "o", keyWords: "O", group: "moi",
    words: () => "Réécouter", meaning: "réécouter l'appel, et ce qu'il a dit avant vous",
    refused: (g) => ((g.call ?? g.desk.last)?.dossier_ref == null ? "Cet appel n'a pas encore de dossier." : null),
    shown: (g) => (g.call ?? g.desk.last) !== null, run: (d) => d.listen(),
  },
  {
    id: "composer", key: "k", keyWords: "K", group: "moi",
    words: () => "Composer un numéro", meaning: "appeler un numéro : votre poste sonne d'abord",
    refused: (g) => g.bound || null, shown: () => false, run: (d) => d.dial(),
  },
  {
    id: "pause", key: "s", keyWords: "S", group: "moi",
    words: () => "Pause…", meaning: "se mettre en pause",
    refused: (g) => g.bound || null, shown: (g) => g.desk.poste.hold === null, run: (d) => d.choose("pause"),
  },
  {
    id: "pret", key: "e", keyWords: "E", group: "moi", look: "main",
    words: (g) => (g.desk.poste.hold === "post_appel" ? "Prêt" : "Reprendre"), meaning: "fin de pause, ou prêt avant la fin du post-appel",
    refused: (g) => g.bound || (g.desk.poste.hold === null ? "Vous n'êtes pas en pause." : null), shown: (g) => g.desk.poste.hold !== null, run: (d) => d.ready(),
  },
  {
    id: "files", key: "q", keyWords: "Q", group: "moi",
    words: () => "Mes files…", meaning: "choisir les files servies",
    refused: (g) => g.bound || (g.desk.poste.fixe ? "Ce poste est fixe : ses files sont celles de la configuration." : null), shown: (g) => !g.desk.poste.fixe, run: (d) => d.choose("files"),
  },
  {
    id: "aide", key: "?", keyWords: "?", group: "moi",
    words: () => "Aide", meaning: "ces touches", refused: () => null, shown: () => true, run: (d) => d.choose("aide"),
  },
]; // prettier-ignore

/** Every act of a desk of this site. */
export function actsOf(files: Record<string, Filiere>): Act[] {
  const inOrder = inSiteOrder(files);
  const keys = filiereKeys(inOrder);
  const transfers = inOrder.map((one): Act => {
    const key = keys[one.code] ?? "";
    return {
      id: `vers-${one.code}`, key, keyWords: key.toUpperCase(), group: "transfert", colour: one.couleur,
      words: () => one.libelle, meaning: `passer l'appelant à ${one.libelle}`,
      refused: (g) => said("transferer")(g) ?? (g.call?.filiere === one.code && g.call.place !== "salle" ? "L'appelant est déjà dans cette filière." : null),
      shown: notConsulting,
      twice: (g) => g.call?.place === "salle",
      run: (d) => d.transfer(one.code),
    }; // prettier-ignore
  });
  return [...BASE, ...transfers];
}
