/** How loud a voice is, and whether a microphone hears anything at all. */

/** Below this a microphone is taken for dead (dBFS): a quiet room with an open microphone lies above. */
export const DEAD_DBFS = -70;

export class Meter {
  readonly #context = new AudioContext();
  readonly #analyser: AnalyserNode;
  readonly #samples: Float32Array<ArrayBuffer>;
  readonly #bins: Float32Array<ArrayBuffer>;

  constructor(stream: MediaStream) {
    this.#analyser = new AnalyserNode(this.#context, { fftSize: 2048, smoothingTimeConstant: 0 });
    this.#context.createMediaStreamSource(stream).connect(this.#analyser);
    this.#samples = new Float32Array(this.#analyser.fftSize);
    this.#bins = new Float32Array(this.#analyser.frequencyBinCount);
    void this.#context.resume();
  }

  /** Power now, in dB below full scale; -100 for nothing at all. */
  level(): number {
    this.#analyser.getFloatTimeDomainData(this.#samples);
    const power = this.#samples.reduce((sum, sample) => sum + sample * sample, 0) / this.#samples.length;
    return power > 0 ? Math.max(-100, 10 * Math.log10(power)) : -100;
  }

  /** From 0 to 1, for a bar: -60 dBFS and below is empty. */
  bar(): number {
    return Math.min(1, Math.max(0, (this.level() + 60) / 60));
  }

  /** The loudest frequency, in hertz; 0 when it is silent. */
  pitch(): number {
    if (this.level() < DEAD_DBFS) return 0;
    this.#analyser.getFloatFrequencyData(this.#bins);
    const loudest = this.#bins.reduce((best, value, at) => (value > (this.#bins[best] ?? -Infinity) ? at : best), 0);
    return (loudest * this.#context.sampleRate) / this.#analyser.fftSize;
  }

  close(): void {
    void this.#context.close();
  }
}

/** The loudest moment of a microphone within so many milliseconds, in dBFS. */
export async function loudest(stream: MediaStream, forMs = 1_500): Promise<number> {
  const meter = new Meter(stream);
  try {
    const until = performance.now() + forMs;
    let best = -100;
    while (performance.now() < until) {
      best = Math.max(best, meter.level());
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return best;
  } finally {
    meter.close();
  }
}

/** A microphone that is listened to all the time: how loud its loudest moment lately was, and whether it is cut. */
export class LevelWatch {
  readonly #context = new AudioContext();
  readonly #analyser: AnalyserNode;
  readonly #samples: Float32Array<ArrayBuffer>;
  readonly #wake = (): void => void this.#context.resume();
  #heard: { at: number; dbfs: number }[] = [];

  constructor(private readonly stream: MediaStream) {
    // Two thirds of a second at 48 kHz: what is said between two looks is mostly seen.
    this.#analyser = new AnalyserNode(this.#context, { fftSize: 32_768, smoothingTimeConstant: 0 });
    this.#samples = new Float32Array(this.#analyser.fftSize);
    this.#context.createMediaStreamSource(stream).connect(this.#analyser);
    void this.#context.resume();
    for (const event of ["pointerdown", "keydown"]) document.addEventListener(event, this.#wake);
  }

  /** Look now; moments older than so many seconds are forgotten. */
  sample(withinS: number): void {
    if (this.asleep) return;
    this.#analyser.getFloatTimeDomainData(this.#samples);
    // Blocks of some 20 ms: a short word is not drowned in the silence round it.
    let best = 0;
    for (let from = 0; from < this.#samples.length; from += 1_024) {
      let power = 0;
      for (let at = from; at < from + 1_024; at += 1) power += (this.#samples[at] ?? 0) ** 2;
      best = Math.max(best, power / 1_024);
    }
    const now = Date.now();
    this.#heard = this.#heard.filter(({ at }) => now - at < withinS * 1_000 && at <= now);
    this.#heard.push({ at: now, dbfs: best > 0 ? Math.max(-100, 10 * Math.log10(best)) : -100 });
  }

  get loudest(): number {
    return Math.max(-100, ...this.#heard.map(({ dbfs }) => dbfs));
  }

  /** Whether anything is known of it yet. */
  get measured(): boolean {
    return this.#heard.length > 0 || this.cut;
  }

  get ended(): boolean {
    return this.stream.getAudioTracks().every((track) => track.readyState === "ended");
  }

  /** Unplugged, or cut by the machine; or the browser gives no sound before a click. */
  get cut(): boolean {
    return this.asleep || this.ended || this.stream.getAudioTracks().every((track) => track.muted);
  }

  get asleep(): boolean {
    return this.#context.state === "suspended";
  }

  close(): void {
    for (const event of ["pointerdown", "keydown"]) document.removeEventListener(event, this.#wake);
    for (const track of this.stream.getTracks()) track.stop();
    void this.#context.close();
  }
}
