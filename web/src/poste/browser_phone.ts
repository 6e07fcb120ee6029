/**
 * The phone of the page, plugged into the desk: credentials for whoever sits at this post, its ring tone, its levels, its quality.
 *
 * What the desk needs is `PhonePort`; what its box about the phone needs (microphones, meters, echo) is in here too.
 */

import { Devices } from "./telephone/devices";
import { echoTest, type EchoResult } from "./telephone/echo";
import { DEAD_DBFS, Meter, loudest } from "./telephone/levels";
import { Phone } from "./telephone/phone";
import { watchQuality, type Quality } from "./telephone/quality";
import { Ring } from "./telephone/ring";
import type { Credentials, PhoneState as Word } from "./telephone/words";
import type { PhonePort, PhoneState } from "./phone_port";
import { session } from "./session_port";

const WORDS: Record<Word, PhoneState> = {
  hors_ligne: "hors ligne", connexion: "connexion", pret: "prêt", appelle: "en ligne", sonne: "sonne", en_ligne: "en ligne", en_garde: "en garde",
}; // prettier-ignore
const PATH = "/api/v1/poste/telephone";
/** No longer hers, or no such post: not a trouble that goes away by itself. A session that is over (401) does: she signs in again. */
const NOT_HERS = [403, 404, 409];

export class BrowserPhone implements PhonePort {
  readonly devices = new Devices();
  /** Of the call that is on, every few seconds; null without one. */
  quality: Quality | null = null;
  readonly #phone: Phone;
  readonly #ring = new Ring(this.devices);
  readonly #told = new Set<() => void>();
  #trouble = "";
  #heard: MediaStream | null = null;
  #followed: RTCPeerConnection | null = null;
  #unfollow = (): void => undefined;

  constructor(readonly poste: string) {
    this.#phone = new Phone(() => this.#credentials(), this.devices);
    this.#phone.listen({
      changed: () => this.#changed(),
      heard: (stream) => (this.#heard = stream),
      ended: () => this.#changed(),
    });
    this.devices.listen({
      changed: () => this.#tell(),
      fell: (message) => {
        this.#trouble = message;
        this.#tell();
      },
    });
  }

  async start(): Promise<void> {
    try {
      await this.devices.allow();
    } catch (error) {
      this.#microphoneFailed(error);
    }
    await this.#phone.start();
  }

  get state(): PhoneState {
    return WORDS[this.#phone.view.state];
  }

  get muted(): boolean {
    return this.#phone.view.call?.muted ?? false;
  }

  get trouble(): string {
    return this.#trouble || this.#phone.view.reason;
  }

  async answer(): Promise<void> {
    try {
      await this.#phone.answer();
      this.#trouble = "";
    } catch (error) {
      this.#microphoneFailed(error);
      throw new Error(this.#trouble);
    }
  }

  hangUp(): Promise<void> {
    this.#phone.hangup();
    return Promise.resolve();
  }

  async hold(): Promise<void> {
    if (!(await this.#phone.hold())) throw new Error("le PBX n'a pas mis en garde");
  }

  async resume(): Promise<void> {
    if (!(await this.#phone.resume())) throw new Error("le PBX n'a pas repris l'appel");
  }

  mute(on: boolean): Promise<void> {
    this.#phone.mute(on);
    return Promise.resolve();
  }

  dtmf(keys: string): Promise<void> {
    this.#phone.keys(keys);
    return Promise.resolve();
  }

  watch(told: () => void): () => void {
    this.#told.add(told);
    told();
    return () => this.#told.delete(told);
  }

  async stop(): Promise<void> {
    this.#ring.stop();
    this.#unfollow();
    this.#phone.stop();
    this.devices.close();
    await session.ask(PATH, "DELETE", { poste: this.poste });
  }

  /** What the other side says, while there is one. */
  heard(): Meter | null {
    return this.#heard === null || this.#phone.current?.state !== "en_ligne" ? null : new Meter(this.#heard);
  }

  /** Whether the microphone hears anything at all: its loudest moment of a second and a half, in dBFS. */
  async microphone(): Promise<{ dbfs: number; alive: boolean }> {
    const stream = await this.devices.microphone();
    try {
      const dbfs = await loudest(stream);
      return { dbfs, alive: dbfs > DEAD_DBFS };
    } finally {
      for (const track of stream.getTracks()) track.stop();
    }
  }

  /** A tone to the PBX and back. */
  echo(): Promise<EchoResult> {
    return echoTest(this.#phone);
  }

  async #credentials(): Promise<Credentials | null> {
    const answer = await session.ask<Credentials>(PATH, "POST", { poste: this.poste });
    if (answer.ok) return answer.value;
    if (NOT_HERS.includes(answer.status)) return null;
    throw new Error(answer.detail);
  }

  #changed(): void {
    const { state } = this.#phone.view;
    if (state === "sonne") this.#ring.start();
    else this.#ring.stop();
    this.#follow();
    this.#tell();
  }

  #follow(): void {
    const connection = this.#phone.current?.connection ?? null;
    if (connection === this.#followed) return;
    this.#unfollow();
    this.#followed = connection;
    this.quality = null;
    this.#unfollow =
      connection === null
        ? () => undefined
        : watchQuality(connection, (quality) => {
            this.quality = quality;
            this.#tell();
          });
  }

  #microphoneFailed(error: unknown): void {
    const name = error instanceof DOMException ? error.name : "";
    if (name === "NotAllowedError") this.#trouble = "Le navigateur n'a pas le droit d'utiliser le micro : autorisez-le pour cette page.";
    else if (name === "NotFoundError") this.#trouble = "Aucun micro n'est branché sur cette machine.";
    else this.#trouble = "Le micro ne répond pas.";
    this.#tell();
  }

  #tell(): void {
    for (const told of this.#told) told();
  }
}

export async function browserPhoneOf(poste: string): Promise<BrowserPhone> {
  const phone = new BrowserPhone(poste);
  await phone.start();
  return phone;
}
