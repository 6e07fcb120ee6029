/**
 * Which side is heard: both, the caller alone or the agents alone, always in both ears.
 *
 * The recording has the caller on the left and the agents on the right. With both, each is heard more on its side and a little on the
 * other, so that a headset with one ear loses nobody.
 */

export type Side = "deux" | "appelant" | "agents";
export const SIDES: readonly Side[] = ["deux", "appelant", "agents"];
export const SIDE_WORDS: Record<Side, string> = { deux: "les deux voix", appelant: "l'appelant seul", agents: "les agents seuls" };

/** Caller to left, caller to right, agents to left, agents to right. */
const GAINS: Record<Side, readonly [number, number, number, number]> = {
  deux: [0.9, 0.45, 0.45, 0.9],
  appelant: [1, 1, 0, 0],
  agents: [0, 0, 1, 1],
};
/** As long as it takes to change over, in seconds: a jump would click. */
const SOFTLY = 0.015;

export interface Ears {
  hear: (side: Side) => void;
  /** A browser lets sound begin only when a person asked for it. */
  wake: () => Promise<void>;
  close: () => void;
}

/** Sound of these elements through four taps. */
export function ears(elements: readonly HTMLAudioElement[], first: Side): Ears {
  const context = new AudioContext({ latencyHint: "interactive" });
  const splitter = context.createChannelSplitter(2);
  const merger = context.createChannelMerger(2);
  for (const element of elements) context.createMediaElementSource(element).connect(splitter);
  const taps = ([[0, 0], [0, 1], [1, 0], [1, 1]] as const).map(([from, to], place) => {
    const tap = new GainNode(context, { gain: GAINS[first][place] ?? 0 });
    splitter.connect(tap, from);
    tap.connect(merger, 0, to);
    return tap;
  });
  merger.connect(context.destination);
  return {
    hear: (side) => taps.forEach((tap, place) => tap.gain.setTargetAtTime(GAINS[side][place] ?? 0, context.currentTime, SOFTLY)),
    wake: () => context.resume(),
    close: () => void context.close(),
  };
}
