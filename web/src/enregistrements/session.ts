/**
 * Who is signed in, and how this page asks the service: by the session of this browser, or by a token that she pastes.
 *
 * The token stays in this tab (sessionStorage) and is forgotten with it, or when the person leaves. The service is asked with it at
 * each request; one that it no longer knows closes the page.
 */

import { ref, shallowRef } from "vue";
import { guard, signOut } from "../session/session";

const KEY = "cti-jeton";

export interface Right {
  verb: string;
  relation: string;
  role: string;
  reason_asked: boolean;
  hours: number | null;
}

export interface Me {
  who: string;
  nom: string;
  named: boolean;
  roles: string[];
  expires_at: string | null;
  rights: Right[];
}

/** Why something was not done, in the service's own words. */
export interface Refusal {
  ok: false;
  status: number;
  detail: string;
  /** The same with a reason would be granted. */
  motif: boolean;
}
export type Answer<T> = { ok: true; value: T } | Refusal;

interface Problem {
  detail?: string;
  motif_demande?: boolean;
  erreurs?: { champ: string; motif: string }[];
}

export const me = shallowRef<Me | null>(null);
/** Why the sign-in panel is there, when something went wrong. */
export const turnedAway = ref("");

let token = "";
/** She is here by the session of this browser, not by a token. */
let signedIn = false;
/** She was here by a token, or nobody has been here yet: how she is asked to come back. */
export const byToken = ref(true);

function kept(): string {
  try {
    return sessionStorage.getItem(KEY) ?? "";
  } catch {
    return "";
  }
}

function keep(value: string): void {
  try {
    if (value === "") sessionStorage.removeItem(KEY);
    else sessionStorage.setItem(KEY, value);
  } catch {
    // a browser that keeps nothing asks again at the next load
  }
}

const ROLES: Record<string, string> = {
  arm_n1: "ARM N1", arm_n2: "ARM N2", osnp: "OSNP", mru: "médecin urgentiste", mrg: "médecin généraliste",
  superviseur: "superviseur", qualite: "qualité", admin: "administration", ecran: "écran",
}; // prettier-ignore
export const roleWords = (roles: string[]): string => roles.map((role) => ROLES[role] ?? role).join(", ");

/** Whether a row of the table of rights speaks of this for one of her roles. */
export function can(verb: string, relation?: string): boolean {
  return me.value?.rights.some((one) => one.verb === verb && (relation === undefined || one.relation === relation)) ?? false;
}

async function sent(path: string, method: string, body: unknown, bearer: string): Promise<Answer<unknown>> {
  try {
    const asSession = bearer === "" && method !== "GET" ? await guard() : {};
    const headers: Record<string, string> = bearer === "" ? asSession : { Authorization: `Bearer ${bearer}` };
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const asked: RequestInit = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
    const answer = await fetch(path, asked);
    const told: unknown = answer.status === 204 ? null : await answer.json().catch(() => null);
    if (answer.ok) return { ok: true, value: told };
    const problem = (told ?? {}) as Problem;
    const faults = (problem.erreurs ?? []).map((one) => `${one.champ} : ${one.motif}`);
    const detail = [problem.detail ?? `Le service a refusé (${answer.status}).`, ...faults].join(" ");
    return { ok: false, status: answer.status, detail, motif: problem.motif_demande ?? false };
  } catch {
    return { ok: false, status: 0, detail: "Le service ne répond pas. Rien n'a été fait ; réessayez.", motif: false };
  }
}

/** Ask the service as the person who is signed in. */
export async function ask<T>(path: string, method = "GET", body?: unknown): Promise<Answer<T>> {
  const mine = token;
  const answer = await sent(path, method, body, mine);
  if (!answer.ok && answer.status === 401 && mine === token) {
    if (mine !== "") leave("Votre jeton n'ouvre plus rien : il a expiré ou il a été révoqué.");
    else if (signedIn) leave(answer.detail);
  }
  return answer as Answer<T>;
}

/** The bytes of a file that only the person may have. */
export async function fetchFile(path: string): Promise<Answer<{ blob: Blob; name: string }>> {
  try {
    const answer = await fetch(path, { headers: token === "" ? {} : { Authorization: `Bearer ${token}` } });
    const name = /filename="([^"]+)"/.exec(answer.headers.get("Content-Disposition") ?? "")?.[1] ?? "";
    if (answer.ok) return { ok: true, value: { blob: await answer.blob(), name } };
    const problem = ((await answer.json().catch(() => null)) ?? {}) as Problem;
    return { ok: false, status: answer.status, detail: problem.detail ?? `Refusé (${answer.status}).`, motif: false };
  } catch {
    return { ok: false, status: 0, detail: "Le service ne répond pas : rien n'a été téléchargé.", motif: false };
  }
}

/** Show a token; whether it names a person. */
export async function enter(given: string): Promise<boolean> {
  const shown = given.trim();
  const answer = (await sent("/api/v1/moi", "GET", undefined, shown)) as Answer<Me>;
  if (!answer.ok) {
    const refused = answer.status === 401 || answer.status === 403;
    turnedAway.value = refused ? `Accès refusé. ${answer.detail} Demandez un jeton à l'administration du service.` : answer.detail;
    if (refused) keep("");
    return false;
  }
  if (!answer.value.named) {
    turnedAway.value = "Ce jeton est celui du service, pas celui d'une personne : la voix n'est ouverte qu'à des comptes nommés.";
    keep("");
    return false;
  }
  token = shown;
  keep(shown);
  turnedAway.value = "";
  signedIn = false;
  byToken.value = true;
  me.value = answer.value;
  return true;
}

/** Come back with the token of this tab, or by the session of this browser, if there is one; whether the service could tell. */
export async function comeBack(): Promise<boolean> {
  const known = kept();
  if (known !== "") {
    await enter(known);
    return true;
  }
  const answer = (await sent("/api/v1/moi", "GET", undefined, "")) as Answer<Me>;
  if (!answer.ok || !answer.value.named) return answer.ok || answer.status === 401; // nobody is signed in: the panel asks
  signedIn = true;
  byToken.value = false;
  turnedAway.value = "";
  me.value = answer.value;
  return true;
}

/** Forget the person; what was open is closed by whoever watches ``me``. Her session ends too when she says so herself. */
export function leave(why = ""): void {
  if (signedIn && why === "") void signOut().catch(() => undefined);
  signedIn = false;
  token = "";
  keep("");
  turnedAway.value = why;
  me.value = null;
}

/** A response whose body is read as it comes: EventSource can show no token. Nothing is asked for while nobody is signed in. */
export async function openStream(path: string, signal: AbortSignal): Promise<Response> {
  if (me.value === null) throw new Error("nobody is signed in");
  const headers: Record<string, string> = { Accept: "text/event-stream", ...(token === "" ? {} : { Authorization: `Bearer ${token}` }) };
  const mine = token;
  const answer = await fetch(path, { headers, signal, cache: "no-store" });
  if (answer.status === 401 && mine === token) {
    if (mine !== "") leave("Votre jeton n'ouvre plus rien : il a expiré ou il a été révoqué.");
    else if (signedIn) leave("Votre session est finie.");
  }
  return answer;
}
