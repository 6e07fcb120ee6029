/** The ring tone, made here: 440 Hz, 1.5 s in 5 s as French exchanges ring. It plays where `sonnerie` was chosen. */

import type { Devices } from "./devices";

const HERTZ = 440;
const RINGS_S = 1.5;
const EVERY_S = 5;
/** Written ahead on the audio clock, which no hidden tab slows down. */
const AHEAD = 60;

export class Ring {
  readonly #element = new Audio();
  #context: AudioContext | null = null;

  constructor(private readonly devices: Devices) {}

  get rings(): boolean {
    return this.#context !== null;
  }

  start(volume = 0.4): void {
    if (this.#context !== null) return;
    const context = (this.#context = new AudioContext());
    const tone = new OscillatorNode(context, { frequency: HERTZ });
    const gain = new GainNode(context, { gain: 0 });
    const out = context.createMediaStreamDestination();
    for (let ring = 0; ring < AHEAD; ring += 1) {
      const at = context.currentTime + ring * EVERY_S;
      gain.gain.setValueAtTime(volume, at);
      gain.gain.setValueAtTime(0, at + RINGS_S);
    }
    tone.connect(gain).connect(out);
    tone.start();
    this.#element.srcObject = out.stream;
    void this.devices.play(this.#element, "sonnerie");
  }

  stop(): void {
    void this.#context?.close();
    this.#context = null;
    this.#element.srcObject = null;
  }
}
