/**
 * The phone of a page: registered with credentials that it is given, one call and a second one, and the voice of both sides.
 *
 * There is nothing of Vue in here: a page listens with `listen` and shows `view`. What keeps it registered is `registration`.
 *
 *     const devices = new Devices();
 *     await devices.allow(); // once, after a click: names of the devices, and sound
 *     const phone = new Phone(renew, devices);
 *     phone.listen({ changed: show, ended: note });
 *     await phone.start();
 */

import type { RTCSession } from "jssip/lib/RTCSession";
import { Call } from "./call";
import type { Devices, Use } from "./devices";
import { Registration, type SessionEvent } from "./registration";
import type { Ended, PhoneView, Renew } from "./words";

export interface PhoneEvents {
  changed?: (view: PhoneView) => void;
  ended?: (how: Ended) => void;
  /** The other side's voice, to be shown by a level meter. */
  heard?: (stream: MediaStream) => void;
}

export class Phone {
  #calls: Call[] = [];
  #spoken: MediaStream | null = null;
  readonly #voice = new Audio();
  readonly #listeners = new Set<PhoneEvents>();
  readonly #registration: Registration;
  readonly #leaving = (): void => this.abandon();
  readonly #staying = (event: BeforeUnloadEvent): void => {
    if (this.#calls.some((call) => call.state !== "sonne")) event.preventDefault();
  };

  constructor(
    renew: Renew,
    private readonly devices: Devices,
  ) {
    this.#voice.autoplay = true;
    devices.listen({ use: (use) => void this.#useAnother(use), changed: () => this.#plugged() });
    this.#registration = new Registration(renew, {
      changed: () => this.#tell(),
      session: (event) => this.#take(event),
      cut: () => [...this.#calls].forEach((call) => call.ringLost()),
      back: () => this.#calls.forEach((call) => call.revive(this.#pcConfig())),
    });
  }

  // --- life ------------------------------------------------------------------------------------------------------------

  /** Take credentials and register; rejects never: `view.reason` tells. */
  async start(): Promise<void> {
    window.addEventListener("pagehide", this.#leaving);
    window.addEventListener("beforeunload", this.#staying);
    await this.#registration.start();
  }

  /** Hang up and unregister. */
  stop(): void {
    window.removeEventListener("pagehide", this.#leaving);
    window.removeEventListener("beforeunload", this.#staying);
    for (const call of [...this.#calls]) call.hangup();
    this.#hangUpMicrophone();
    this.#registration.stop();
  }

  /** The page goes away: callers are given back to their queue. */
  abandon(): void {
    for (const call of [...this.#calls]) call.abandon();
  }

  listen(events: PhoneEvents): () => void {
    this.#listeners.add(events);
    events.changed?.(this.view);
    return () => this.#listeners.delete(events);
  }

  get view(): PhoneView {
    const [call, second] = this.#inOrder().map((one) => one.view);
    const { link, reason } = this.#registration;
    const state = call === undefined || call.state === "fini" ? link : call.state;
    return { link, state, reason, call: call ?? null, second: second ?? null };
  }

  /** Extension that echoes; empty before the first credentials. */
  get echo(): string {
    return this.#registration.credentials?.echo ?? "";
  }

  /** The call that is spoken on, or rings. */
  get current(): Call | null {
    return this.#inOrder()[0] ?? null;
  }

  get calls(): readonly Call[] {
    return this.#calls;
  }

  // --- acts ------------------------------------------------------------------------------------------------------------

  /** Dial; with `stream`, this is what is said in place of the microphone. Null when it is not registered, or has two calls. */
  async dial(number: string, stream?: MediaStream): Promise<Call | null> {
    const { ua, credentials, link } = this.#registration;
    if (ua === null || credentials === null || link !== "pret" || this.#calls.length >= 2) return null;
    const spoken = stream ?? (await this.#microphone());
    await this.#holdOthers(null);
    const domain = credentials.uri.slice(credentials.uri.indexOf("@") + 1);
    const before = this.#calls.length;
    ua.call(`sip:${encodeURIComponent(number)}@${domain}`, { mediaStream: spoken, pcConfig: this.#pcConfig() });
    return this.#calls[before] ?? null;
  }

  /** Pick up what rings; whoever is on the line is put on hold. Rejects when the microphone is refused: it rings on. */
  async answer(id?: string): Promise<void> {
    const call = this.#named(id, (one) => one.state === "sonne");
    if (call === undefined) return;
    const microphone = await this.#microphone();
    await this.#holdOthers(call);
    call.answer(microphone, this.#pcConfig());
  }

  hangup(id?: string): void {
    this.#named(id)?.hangup();
  }

  async hold(id?: string): Promise<boolean> {
    return (await this.#named(id, (one) => one.state === "en_ligne")?.hold()) ?? false;
  }

  /** Take a call back; the other one is put on hold. */
  async resume(id?: string): Promise<boolean> {
    const call = this.#named(id, (one) => one.state === "en_garde");
    if (call === undefined) return false;
    await this.#holdOthers(call);
    return call.resume();
  }

  mute(muted: boolean, id?: string): void {
    this.#named(id)?.mute(muted);
  }

  keys(digits: string, id?: string): void {
    this.#named(id, (one) => one.state === "en_ligne")?.keys(digits);
  }

  refer(number: string, id?: string): void {
    this.#named(id)?.refer(number);
  }

  /** What is spoken into, for a level meter; null outside of a call. */
  get microphone(): MediaStream | null {
    return this.#spoken;
  }

  // --- calls -----------------------------------------------------------------------------------------------------------

  #take(event: SessionEvent): void {
    const session: RTCSession = event.session;
    const incoming = String(event.originator) === "remote";
    if (incoming && this.#calls.length >= 2) {
      session.terminate({ status_code: 486 });
      return;
    }
    const listener = {
      changed: () => this.#tell(),
      heard: (stream: MediaStream) => this.#hear(call, stream),
      ended: (how: Ended) => this.#forget(call, how),
    };
    // Both kinds of requests bear it, and only one of them says so in JsSIP's types.
    const { call_id: sip } = event.request as unknown as { call_id: string };
    const call: Call = new Call(session, incoming, listener, sip);
    this.#calls.push(call);
    this.#tell();
  }

  #hear(call: Call, stream: MediaStream): void {
    if (this.current !== call) return;
    this.#voice.srcObject = stream;
    void this.devices.play(this.#voice, "ecoute");
    this.#each((listener) => listener.heard?.(stream));
  }

  #forget(call: Call, how: Ended): void {
    this.#calls = this.#calls.filter((one) => one !== call);
    if (this.#calls.length === 0) this.#hangUpMicrophone();
    this.#each((listener) => listener.ended?.(how));
  }

  async #holdOthers(but: Call | null): Promise<void> {
    for (const other of this.#calls) if (other !== but && other.state === "en_ligne") await other.hold();
  }

  /** Another microphone or headset was chosen, or one was unplugged: the call goes on with it. */
  async #useAnother(use: Use): Promise<void> {
    if (use === "ecoute") await this.devices.play(this.#voice, "ecoute");
    const before = this.#spoken;
    if (use !== "micro" || before === null) return;
    let another: MediaStream;
    try {
      another = await this.devices.microphone();
    } catch {
      if (this.#spoken === before) this.devices.tell("Plus aucun micro : l'appelant ne vous entend pas. Branchez-en un, l'appel continue.");
      return;
    }
    const track = another.getAudioTracks()[0];
    if (this.#spoken !== before || track === undefined) {
      for (const late of another.getTracks()) late.stop();
      return;
    }
    this.#spoken = this.#watched(another);
    await Promise.all(this.#calls.map((call) => call.speakFrom(track)));
    for (const old of before.getTracks()) old.stop();
    this.#tell();
  }

  async #microphone(): Promise<MediaStream> {
    this.#spoken ??= this.#watched(await this.devices.microphone());
    return this.#spoken;
  }

  /** A microphone that ends by itself was unplugged, be it chosen or the machine's own: `stop` tells no "ended". */
  #watched(stream: MediaStream): MediaStream {
    for (const track of stream.getAudioTracks()) track.addEventListener("ended", () => void this.#unplugged(stream));
    return stream;
  }

  async #unplugged(stream: MediaStream): Promise<void> {
    if (this.#spoken !== stream) return;
    await this.#useAnother("micro");
    const now = this.#spoken?.getAudioTracks()[0];
    if (this.#spoken !== stream && now !== undefined) this.devices.tell(`Le micro a été débranché, remplacé par ${now.label}.`);
  }

  /** Something was plugged in or out: whoever had no microphone left may have one again. */
  #plugged(): void {
    const spoken = this.#spoken;
    if (spoken?.getAudioTracks().every((track) => track.readyState === "ended")) void this.#unplugged(spoken);
  }

  #hangUpMicrophone(): void {
    for (const track of this.#spoken?.getTracks() ?? []) track.stop();
    this.#spoken = null;
    this.#voice.srcObject = null;
  }

  #named(id: string | undefined, fits: (call: Call) => boolean = () => true): Call | undefined {
    return this.#inOrder().find((call) => (id === undefined || call.id === id) && fits(call));
  }

  /** The one that is spoken on first, then what rings, then what is on hold. */
  #inOrder(): Call[] {
    const rank = { en_ligne: 0, appelle: 1, sonne: 2, en_garde: 3, fini: 4 };
    return [...this.#calls].sort((a, b) => rank[a.state] - rank[b.state]);
  }

  #pcConfig(): RTCConfiguration {
    const { ice_servers: iceServers = [], relay_only: alone = false } = this.#registration.credentials ?? {};
    return { iceServers, iceTransportPolicy: alone ? "relay" : "all", rtcpMuxPolicy: "require", bundlePolicy: "max-bundle" };
  }

  #tell(): void {
    const current = this.current;
    if (current?.remote && current.state === "en_ligne" && this.#voice.srcObject !== current.remote) {
      this.#hear(current, current.remote);
    }
    const view = this.view;
    this.#each((listener) => listener.changed?.(view));
  }

  /** A fault of whoever listens is told in the console, and costs no call. */
  #each(tell: (listener: PhoneEvents) => void): void {
    for (const listener of this.#listeners) {
      try {
        tell(listener);
      } catch (trouble) {
        console.error(trouble);
      }
    }
  }
}
