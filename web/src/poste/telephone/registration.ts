/**
 * Staying registered: credentials, WebSocket, REGISTER.
 *
 * A WebSocket that is cut comes back by itself (JsSIP). A registration is renewed from a worker's clock, because a hidden tab has slow
 * timers. Credentials are renewed before they end, and at once when the PBX refuses them; what cannot be mended is said (`reason`).
 */

import { C, UA, WebSocketInterface } from "jssip";
import type { IncomingRTCSessionEvent, OutgoingRTCSessionEvent } from "jssip/lib/UA";
import { tick, type Ticker } from "./ticker";
import type { Credentials, Link, Renew } from "./words";

/** A registration lasts a minute (the PBX's limit): it is renewed well before. */
const EXPIRES_S = 60;
const REGISTER_EVERY_S = 20;
/** Credentials are renewed so long before their end, or in the last tenth of a shorter life. */
const RENEW_BEFORE_MS = 10 * 60_000;
const RETRY_FIRST_S = 2;
const RETRY_LAST_S = 30;

export type SessionEvent = IncomingRTCSessionEvent | OutgoingRTCSessionEvent;

export interface RegistrationEvents {
  changed: () => void;
  session: (event: SessionEvent) => void;
  /** The WebSocket is cut. */
  cut: () => void;
  /** Registered again after the WebSocket was cut. */
  back: () => void;
}

export class Registration {
  link: Link = "hors_ligne";
  reason = "";
  credentials: Credentials | null = null;
  #ua: UA | null = null;
  #socket: WebSocketInterface | null = null;
  #ticker: Ticker | null = null;
  #seconds = 0;
  #renewAt = Infinity;
  #retryIn = 0;
  #retries = 0;
  #renewing = false;
  #lost = false;

  constructor(
    private readonly renew: Renew,
    private readonly events: RegistrationEvents,
  ) {}

  get running(): boolean {
    return this.#ticker !== null;
  }

  /** What calls are made with; null when there is none. */
  get ua(): UA | null {
    return this.#ua;
  }

  /** Take credentials and register; rejects never. */
  async start(): Promise<void> {
    if (this.running) return;
    this.#ticker = tick(() => this.#tick());
    window.addEventListener("offline", this.#silent);
    this.#become("connexion", "");
    await this.#refresh();
  }

  /** Unregister. */
  stop(): void {
    this.#ticker?.stop();
    this.#ticker = null;
    window.removeEventListener("offline", this.#silent);
    this.#leave("");
  }

  #tick(): void {
    this.#seconds += 1;
    if (this.#retryIn > 0) {
      this.#retryIn -= 1;
      if (this.#retryIn === 0) void this.#refresh();
    } else if (Date.now() > this.#renewAt) void this.#refresh();
    if (this.#seconds % REGISTER_EVERY_S === 0 && this.#ua?.isConnected() === true) this.#ua.register();
  }

  /** Take credentials, then register with them. */
  async #refresh(): Promise<void> {
    if (this.#renewing || !this.running) return;
    this.#renewing = true;
    try {
      const given = await this.renew();
      if (!this.running) return;
      if (given === null) this.#leave("ce poste n'est plus à vous");
      else this.#use(given);
    } catch {
      this.#later("le service ne donne pas de quoi s'enregistrer");
    } finally {
      this.#renewing = false;
    }
  }

  #leave(reason: string): void {
    const ua = this.#ua;
    this.#ua = null;
    this.credentials = null;
    this.#renewAt = Infinity;
    ua?.stop();
    this.#become("hors_ligne", reason);
  }

  #use(given: Credentials): void {
    const before = this.credentials;
    this.credentials = given;
    const lifeMs = Date.parse(given.expires_at) - Date.now();
    this.#renewAt = Date.now() + lifeMs - Math.min(RENEW_BEFORE_MS, lifeMs / 10);
    if (this.#ua !== null && before?.ws === given.ws && before.uri === given.uri) {
      this.#ua.set("password", given.password);
      if (this.#ua.isConnected()) this.#ua.register();
      return;
    }
    const old = this.#ua;
    this.#ua = this.#userAgent(given);
    old?.stop();
    this.#ua.start();
  }

  #later(why: string): void {
    this.#retryIn = Math.min(RETRY_LAST_S, RETRY_FIRST_S * 2 ** this.#retries);
    this.#retries += 1;
    if (this.link !== "pret") this.#become("connexion", why);
  }

  #userAgent(given: Credentials): UA {
    const socket = (this.#socket = new WebSocketInterface(given.ws));
    const ua = new UA({
      sockets: [socket],
      uri: given.uri,
      authorization_user: given.username,
      password: given.password,
      register: true,
      register_expires: EXPIRES_S,
      session_timers: true,
      connection_recovery_min_interval: 1,
      connection_recovery_max_interval: 10,
      user_agent: "SAS poste",
    });
    const mine = (act: () => void) => () => {
      if (this.#ua === ua) act();
    };
    ua.on("registrationExpiring", mine(() => ua.register()));
    ua.on("disconnected", mine(() => this.#cut()));
    ua.on("registered", mine(() => this.#registered()));
    ua.on("registrationFailed", ({ cause }) => {
      if (this.#ua !== ua || !ua.isConnected()) return;
      if (String(cause) === C.causes.REQUEST_TIMEOUT) return this.#silent();
      this.#become("connexion", "le PBX refuse l'enregistrement");
      if (this.#retryIn === 0) this.#later(this.reason);
    });
    ua.on("newRTCSession", (event: SessionEvent) => {
      if (this.#ua === ua) this.events.session(event);
    });
    return ua;
  }

  /** The WebSocket looks open and nothing comes back, or the machine has no network: it is given up, and JsSIP opens another. */
  #silent = (): void => {
    const socket = this.#socket;
    if (socket === null || !socket.isConnected()) return;
    socket.disconnect();
    socket.ondisconnect(true, 1006, "silence");
  };

  #cut(): void {
    this.#lost = true;
    this.events.cut();
    this.#become("connexion", "liaison avec le PBX coupée");
  }

  #registered(): void {
    this.#retries = 0;
    this.#retryIn = 0;
    this.#become("pret", "");
    if (this.#lost) this.events.back();
    this.#lost = false;
  }

  #become(link: Link, reason: string): void {
    this.link = link;
    this.reason = reason;
    this.events.changed();
  }
}
