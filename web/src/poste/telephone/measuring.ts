/** How well each call is heard here, said to the service while it lasts and once it is over. */

import type { Call } from "./call";
import type { Phone } from "./phone";
import { QualityReader, type Quality } from "./quality";
import { later, tick, type Ticker } from "./ticker";

/** What is said of one call: from its beginning until now. */
export interface QualityWord {
  appel: string;
  fini: boolean;
  duree_ms: number;
  recus: number;
  perdus: number;
  envoyes: number;
  perdus_en_face: number | null;
  gigue_ms: number;
  aller_retour_ms: number | null;
  mos: number | null;
  mos_min: number | null;
}
/** Says it; false when it could not be said. */
export type SayQuality = (word: QualityWord) => Promise<boolean>;

/** Read after so many seconds of a call, and then every so many; every second reading is said. */
const FIRST_S = 2;
const EVERY_S = 5;
/** The last word is worth some tries. */
const TRIES = 3;
const RETRY_MS = 3_000;

interface Followed {
  reader: QualityReader;
  since: number;
  seconds: number;
  readings: number;
  latest: Quality | null;
}

export class Measuring {
  readonly #followed = new Map<Call, Followed>();
  readonly #ticker: Ticker;
  readonly #unlisten: () => void;

  constructor(
    private readonly phone: Phone,
    private readonly say: SayQuality,
    private readonly told: () => void,
  ) {
    this.#ticker = tick(() => void this.#tick());
    this.#unlisten = phone.listen({ changed: () => this.#look() });
  }

  /** Of the last interval of this call. */
  of(call: Call | null): Quality | null {
    return call === null ? null : (this.#followed.get(call)?.latest ?? null);
  }

  stop(): void {
    this.#ticker.stop();
    this.#unlisten();
    for (const call of [...this.#followed.keys()]) this.#over(call);
  }

  #look(): void {
    const living = this.phone.calls;
    for (const call of living) {
      if (call.state !== "en_ligne" || this.#followed.has(call)) continue;
      this.#followed.set(call, { reader: new QualityReader(), since: Date.now(), seconds: 0, readings: 0, latest: null });
    }
    for (const call of [...this.#followed.keys()]) if (!living.includes(call)) this.#over(call);
  }

  async #tick(): Promise<void> {
    for (const [call, one] of [...this.#followed]) {
      one.seconds += 1;
      if (one.seconds !== FIRST_S && one.seconds % EVERY_S !== 0) continue;
      const connection = call.connection;
      if (connection === null || connection.connectionState === "closed") continue;
      one.latest = one.reader.read(await connection.getStats());
      one.readings += 1;
      this.told();
      if (one.readings % 2 === 0 && this.#followed.has(call)) void this.#tell(call, one, false);
    }
  }

  #over(call: Call): void {
    const one = this.#followed.get(call);
    this.#followed.delete(call);
    if (one !== undefined && one.readings > 0) void this.#tell(call, one, true);
  }

  async #tell(call: Call, one: Followed, over: boolean): Promise<void> {
    const total = one.reader.total;
    if (total === null) return;
    const word: QualityWord = {
      appel: call.sip,
      fini: over,
      duree_ms: Math.max(0, Date.now() - one.since),
      recus: total.received,
      perdus: total.lost,
      envoyes: total.sent,
      perdus_en_face: total.remoteLost,
      gigue_ms: total.jitterMs,
      aller_retour_ms: total.roundTripMs,
      mos: total.mos,
      mos_min: total.mosMin,
    };
    for (let tries = over ? TRIES : 1; tries > 0 && !(await this.say(word)); tries -= 1) if (tries > 1) await later(RETRY_MS);
  }
}
