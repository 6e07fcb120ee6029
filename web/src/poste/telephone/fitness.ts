/**
 * Whether this page is fit to be called: it measures its microphone, tries its voice, and says both to the service, which decides.
 *
 * The microphone stays open while the phone runs, for it may be cut at any time. The voice is tried once at the start, and again whenever
 * devices or network change, or the service says that what was tried proves nothing any more; never during a call. A change of network is
 * a WebSocket that was cut or a machine that is online again: `navigator.connection` tells of each new estimate of its speed, too. All
 * of it runs on a worker's clock: a hidden tab goes on saying how it is.
 */

import type { Devices } from "./devices";
import { echoTest, type EchoResult } from "./echo";
import { LevelWatch } from "./levels";
import type { Phone } from "./phone";
import { tick, type Ticker } from "./ticker";

/** What is said to the service. */
export interface StateWord {
  sent_at: string;
  micro_dbfs: number;
  micro_coupe: boolean;
  essai: { made: string; ok: boolean; loss: number; refused: boolean } | null;
}
export interface Lack {
  code: string;
  texte: string;
  faire: string;
}
/** What the service makes of it. */
export interface Verdict {
  pret: boolean;
  pas_pret: { since: string; garde: boolean; manques: Lack[] } | null;
  suivant_seconds: number;
  micro_min_dbfs: number;
  micro_muet_seconds: number;
}
/** Says it; null when the service cannot be reached or refuses. */
export type SayState = (word: StateWord) => Promise<Verdict | null>;

/** Between two tries of which the first was not good, and between two words that were not heard (seconds). */
const AGAIN_S = 20;
const UNHEARD_S = 5;
/** What the service says until it has said anything. */
const USUAL: Verdict = { pret: false, pas_pret: null, suivant_seconds: 15, micro_min_dbfs: -70, micro_muet_seconds: 15 };

export class Fitness {
  verdict: Verdict | null = null;
  /** The latest try of the voice. */
  tried: EchoResult | null = null;
  #ticker: Ticker | null = null;
  #watch: LevelWatch | null = null;
  #opening = false;
  #refused = false;
  #essai: StateWord["essai"] = null;
  #running: Promise<EchoResult> | null = null;
  #tryIn = 0;
  #sayIn = 0;
  #saying = false;
  #again = false;
  /** Whether the microphone was silent when something was last said. */
  #saidSilent: boolean | null = null;
  #linked = false;
  #unlisten: (() => void)[] = [];
  readonly #network = (): void => this.#changed();

  constructor(
    private readonly phone: Phone,
    private readonly devices: Devices,
    private readonly say: SayState,
    private readonly told: () => void,
  ) {}

  start(): void {
    if (this.#ticker !== null) return;
    this.#ticker = tick(() => this.#tick());
    this.#unlisten = [
      this.devices.listen({ use: (use) => this.#useAnother(use), changed: () => this.#look() }),
      this.phone.listen({ changed: ({ link }) => this.#link(link === "pret") }),
    ];
    window.addEventListener("online", this.#network);
    void this.#open();
  }

  stop(): void {
    this.#ticker?.stop();
    this.#ticker = null;
    for (const unlisten of this.#unlisten) unlisten();
    window.removeEventListener("online", this.#network);
    this.#watch?.close();
    this.#watch = null;
  }

  /** The browser gives no sound before the first click in the page: nothing can be measured, and nothing would ring. */
  get asleep(): boolean {
    return this.#watch?.asleep ?? false;
  }

  /** Try the voice now; what comes of it counts. */
  tryVoice(): Promise<EchoResult> {
    this.#running ??= this.#try().finally(() => (this.#running = null));
    return this.#running;
  }

  get trying(): boolean {
    return this.#running !== null;
  }

  async #try(): Promise<EchoResult> {
    let tried: EchoResult;
    try {
      tried = await echoTest(this.phone);
    } catch (error) {
      tried = { ok: false, delayMs: null, loss: 1, refused: false, detail: error instanceof Error ? error.message : String(error) };
    }
    this.tried = tried;
    this.#essai = { made: crypto.randomUUID(), ok: tried.ok, loss: tried.loss, refused: tried.refused };
    this.#tryIn = AGAIN_S;
    this.#now();
    return tried;
  }

  #tick(): void {
    if (this.#watch?.ended === true) void this.#open();
    this.#watch?.sample((this.verdict ?? USUAL).micro_muet_seconds);
    if (this.#saidSilent !== null && this.#saidSilent !== this.#isSilent()) this.#now();
    this.#tryIn = Math.max(0, this.#tryIn - 1);
    if (this.#wanted() && this.#tryIn === 0 && !this.trying && this.#linked && this.phone.current === null) void this.tryVoice();
    this.#sayIn -= 1;
    if (this.#sayIn <= 0) this.#now();
  }

  #isSilent(): boolean {
    return this.#watch === null || this.#watch.cut || this.#watch.loudest < (this.verdict ?? USUAL).micro_min_dbfs;
  }

  /** The voice has not been tried as things are now, or not with success. */
  #wanted(): boolean {
    if (this.#essai === null || !this.#essai.ok) return true;
    const lacks = this.verdict?.pas_pret?.manques ?? [];
    return lacks.some(({ code }) => code === "voix_non_essayee" || code === "voix_perdue");
  }

  #useAnother(use: string): void {
    if (use === "micro") void this.#open();
    if (use !== "sonnerie") this.#changed();
  }

  #look(): void {
    if (this.#watch === null || this.#watch.ended) void this.#open();
  }

  /** Devices or network are not what they were: what was tried proves nothing any more. */
  #changed(): void {
    if (this.#essai === null) return;
    this.#essai = null;
    this.#tryIn = 1;
    this.#now();
  }

  #link(ready: boolean): void {
    if (ready === this.#linked) return;
    this.#linked = ready;
    if (ready) this.#tryIn = Math.min(this.#tryIn, 1);
    else this.#changed();
  }

  async #open(): Promise<void> {
    if (this.#opening) return;
    this.#opening = true;
    try {
      const stream = await this.devices.microphone(false);
      this.#watch?.close();
      this.#watch = this.#ticker === null ? null : new LevelWatch(stream);
      if (this.#ticker === null) for (const track of stream.getTracks()) track.stop();
      this.#refused = false;
    } catch {
      this.#watch?.close();
      this.#watch = null;
      this.#refused = true;
      this.#now();
    } finally {
      this.#opening = false;
    }
  }

  /** Say it at once; while something is being said, right afterwards. */
  #now(): void {
    this.#sayIn = (this.verdict ?? USUAL).suivant_seconds;
    if (this.#saying) this.#again = true;
    else void this.#tell();
  }

  async #tell(): Promise<void> {
    const watch = this.#watch;
    if (this.#ticker === null || (watch === null && !this.#refused) || watch?.measured === false) return void (this.#sayIn = 1);
    this.#saying = true;
    this.#again = false;
    this.#saidSilent = this.#isSilent();
    try {
      const verdict = await this.say({
        sent_at: new Date().toISOString(),
        micro_dbfs: watch === null ? -100 : Math.round(watch.loudest * 10) / 10,
        micro_coupe: watch === null || watch.cut,
        essai: this.#essai,
      });
      if (verdict === null) this.#sayIn = UNHEARD_S;
      else this.verdict = verdict;
    } finally {
      this.#saying = false;
    }
    this.told();
    if (this.#again) this.#now();
  }
}
