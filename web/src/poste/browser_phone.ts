/**
 * The phone of the page, plugged into the desk: credentials for whoever sits at this post, its ring tone, its levels, its quality.
 *
 * What the desk needs is `PhonePort`; what its box about the phone needs (microphones, meters, echo) is in here too.
 */

import { Devices } from "./telephone/devices";
import type { EchoResult } from "./telephone/echo";
import { Fitness, type StateWord, type Verdict } from "./telephone/fitness";
import { DEAD_DBFS, Meter, loudest } from "./telephone/levels";
import { Measuring, type QualityWord } from "./telephone/measuring";
import { Phone } from "./telephone/phone";
import type { Quality } from "./telephone/quality";
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
  readonly #fitness: Fitness;
  readonly #measuring: Measuring;
  readonly #phone: Phone;
  readonly #ring = new Ring(this.devices);
  readonly #told = new Set<() => void>();
  #trouble = "";
  #heard: MediaStream | null = null;

  constructor(readonly poste: string) {
    this.#phone = new Phone(() => this.#credentials(), this.devices);
    this.#phone.listen({
      changed: () => this.#changed(),
      heard: (stream) => (this.#heard = stream),
      ended: () => this.#changed(),
    });
    this.#fitness = new Fitness(this.#phone, this.devices, (word) => this.#state(word), () => this.#tell());
    this.#measuring = new Measuring(this.#phone, (word) => this.#quality(word), () => this.#tell());
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
    this.#fitness.start();
  }

  get state(): PhoneState {
    return WORDS[this.#phone.view.state];
  }

  get muted(): boolean {
    return this.#phone.view.call?.muted ?? false;
  }

  get trouble(): string {
    if (this.#fitness.asleep) return "Cliquez dans la page : le navigateur n'y ouvre le son qu'après un premier clic.";
    return this.#trouble || this.#phone.view.reason;
  }

  /** Of the call that is on, every few seconds; null without one. */
  get quality(): Quality | null {
    return this.#measuring.of(this.#phone.current);
  }

  get score(): number | null {
    return this.quality?.mos ?? null;
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
    this.#fitness.stop();
    this.#phone.stop();
    this.#measuring.stop();
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
    return this.#fitness.tryVoice();
  }

  async #state(word: StateWord): Promise<Verdict | null> {
    const answer = await session.ask<Verdict>(`${PATH}/etat`, "POST", { poste: this.poste, ...word });
    return answer.ok ? answer.value : null;
  }

  async #quality(word: QualityWord): Promise<boolean> {
    return (await session.ask(`${PATH}/qualite`, "POST", { poste: this.poste, ...word })).ok;
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
    this.#tell();
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
