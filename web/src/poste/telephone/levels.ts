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
