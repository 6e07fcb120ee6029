/**
 * The person who is signed in on this browser, for every page.
 *
 * The session is a cookie that no script reads. What a page holds is the token that goes back with whatever changes something
 * (X-CSRF-Token); it is asked for again after a reload, and when another tab signed in meanwhile.
 */

export interface Session {
  compte: string;
  nom: string;
  roles: string[];
  personne: string;
  csrf: string;
  expires_at: string;
  totp: boolean;
}

interface Told {
  detail?: string;
  code_requis?: boolean;
  motif_demande?: boolean;
  erreurs?: { champ: string; motif: string }[];
}

/** A request that was not served, in the service's own words. `status` 0: the service did not answer. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly detail: string,
    /** Signing in: the password is right, a one-time code is asked. */
    readonly codeRequis = false,
    /** Seconds before it is worth trying again; 0: at once. */
    readonly attente = 0,
    /** The same with a reason would be granted. */
    readonly motif = false,
  ) {
    super(detail);
    this.name = "Problem";
  }
}

/** What a request may say: `json` is sent as its body. */
export interface Asked extends RequestInit {
  json?: unknown;
}

const PATH = "/api/v1/session";
const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);
let csrf: string | null = null;
let handlers: (() => void)[] = [];

/** Call this when a session that was there opens nothing any more; gives back how to stop. */
export function onSignedOut(handler: () => void): () => void {
  handlers.push(handler);
  return () => (handlers = handlers.filter((one) => one !== handler));
}

async function sent(path: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(path, init);
  } catch {
    throw new Problem(0, "Le service ne répond pas. Rien n'a été fait ; réessayez.");
  }
}

async function problemOf(answer: Response): Promise<Problem> {
  const told = ((await answer.json().catch(() => null)) ?? {}) as Told;
  const faults = (told.erreurs ?? []).map((one) => `${one.champ} : ${one.motif}`);
  const detail = [told.detail ?? `Le service a refusé (${answer.status}).`, ...faults].join(" ");
  const wait = Number(answer.headers.get("Retry-After") ?? "0");
  return new Problem(answer.status, detail, told.code_requis ?? false, Number.isFinite(wait) ? wait : 0, told.motif_demande ?? false);
}

/** Who is signed in; null when nobody is. */
export async function current(): Promise<Session | null> {
  const answer = await sent(PATH, { headers: { Accept: "application/json" } });
  if (answer.status === 401) {
    csrf = "";
    return null;
  }
  if (!answer.ok) throw await problemOf(answer);
  const session = (await answer.json()) as Session;
  csrf = session.csrf;
  return session;
}

/** Under what name whoever is signed in acts; empty when nobody is, or nobody can tell. */
export async function actingName(): Promise<string> {
  try {
    return (await current())?.nom ?? "";
  } catch {
    return "";
  }
}

/** Come in. Throws a Problem: 401 (with `codeRequis` when a code is asked), 429 (`attente`: seconds), 403 from where a code is needed. */
export async function signIn(compte: string, motDePasse: string, code?: string): Promise<Session> {
  const body = { compte, mot_de_passe: motDePasse, ...(code === undefined || code === "" ? {} : { code }) };
  const answer = await sent(PATH, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  if (!answer.ok) throw await problemOf(answer);
  const session = (await answer.json()) as Session;
  csrf = session.csrf;
  return session;
}

/** Leave. Whoever was not signed in any more has left too. */
export async function signOut(): Promise<void> {
  const answer = await sent(PATH, { method: "DELETE", headers: await guard() });
  if (!answer.ok && answer.status !== 401) throw await problemOf(answer);
  csrf = "";
}

/** The headers that a request which changes something needs; none when nobody is signed in. */
export async function guard(): Promise<Record<string, string>> {
  if (csrf === null) await current();
  return csrf === null || csrf === "" ? {} : { "X-CSRF-Token": csrf };
}

/** Ask the service as whoever is signed in; gives what it answers (undefined when it answers nothing), throws a Problem otherwise. */
export async function ask<T>(path: string, init: Asked = {}): Promise<T> {
  const { json, ...rest } = init;
  const changes = !SAFE.has((rest.method ?? "GET").toUpperCase());
  const attempt = async (): Promise<Response> => {
    const headers = new Headers(rest.headers);
    if (changes) for (const [name, value] of Object.entries(await guard())) headers.set(name, value);
    if (json !== undefined) headers.set("Content-Type", "application/json");
    return sent(path, { ...rest, headers, ...(json === undefined ? {} : { body: JSON.stringify(json) }) });
  };
  let answer = await attempt();
  if (answer.status === 403 && changes) {
    // Somebody may have signed in anew in another tab: the page's token is that of the session before.
    const before = csrf;
    if ((await current()) !== null && csrf !== before) answer = await attempt();
  }
  if (answer.status === 401) {
    csrf = null;
    for (const handler of handlers) handler();
  }
  if (!answer.ok) throw await problemOf(answer);
  return (answer.status === 204 ? undefined : await answer.json()) as T;
}

/** The identity provider by which one can sign in too (Pro Santé Connect): its name; empty when there is none. */
export async function provider(): Promise<string> {
  const answer = await sent(`${PATH}/fournisseur`, {});
  return answer.ok ? ((await answer.json()) as { nom: string }).nom : "";
}

/** The address that leads to it, and back to `vers`. */
export const providerAddress = (vers: string): string => `${PATH}/fournisseur/depart?vers=${encodeURIComponent(vers)}`;

/** Where to go back to: a path of this very site, or else `otherwise`. */
export function wayBack(vers: string | null, otherwise = "/supervision"): string {
  if (vers === null || !vers.startsWith("/")) return otherwise;
  try {
    const to = new URL(vers, window.location.origin);
    const own = to.origin === window.location.origin && to.pathname !== "/connexion" && !to.pathname.startsWith("//");
    return own ? `${to.pathname}${to.search}${to.hash}` : otherwise;
  } catch {
    return otherwise;
  }
}

/** The address of the page where one signs in, from which one comes back here. */
export function signInAddress(): string {
  return `/connexion?vers=${encodeURIComponent(window.location.pathname + window.location.search)}`;
}
