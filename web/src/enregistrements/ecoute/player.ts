/**
 * Plays one recording, also while it is still being made.
 *
 * An address names fixed bytes. Of a call under way it names them up to an instant, so two elements take turns: while one plays, the
 * other gets ready to go on exactly where the first will end. The listener hears one sound, a few seconds behind the call.
 */

import { ref, type Ref } from "vue";
import { ears, SIDES, type Ears, type Side } from "./sides";

export const RATES = [0.75, 1, 1.25, 1.5, 2] as const;
/** The next stretch gets ready so long before the end of this one, once there is so much more of it (ms). */
const READY_MS = 1_200;
const STRETCH_MS = 700;
/** Where «suivre en direct» begins, and how far behind it may fall before it jumps (ms). */
const BEHIND_MS = 2_200;
const BEHIND_MOST_MS = 4_500;

export interface Sound {
  /** Of its bytes, in one format; up to an instant (ms) while the recording grows. */
  address: (format: string, until: number | null) => string;
  formats: readonly string[];
  growing: boolean;
}

export interface Player {
  position: Ref<number>;
  /** How much there is (ms). */
  length: Ref<number>;
  playing: Ref<boolean>;
  rate: Ref<number>;
  side: Ref<Side>;
  live: Ref<boolean>;
  failed: Ref<boolean>;
  open: (sound: Sound, length: number) => void;
  play: () => Promise<void>;
  pause: () => void;
  seek: (ms: number) => void;
  follow: () => Promise<void>;
  faster: (steps: number) => void;
  turn: (side?: Side) => void;
  /** The recording is so long now; ``growing`` no more when the call has ended. */
  grown: (length: number, growing: boolean) => void;
  close: () => void;
}

export function usePlayer(elements: () => readonly [HTMLAudioElement, HTMLAudioElement]): Player {
  const position = ref(0), length = ref(0), rate = ref(1); // prettier-ignore
  const playing = ref(false), live = ref(false), failed = ref(false); // prettier-ignore
  const side = ref<Side>("deux");
  let sound: Sound | null = null;
  let format = "";
  let growing = false;
  /** The one that is heard, and up to where its bytes go. */
  let turn = 0;
  let end = 0;
  /** The other one is ready to go on up to here; null when it is not. */
  let ready: number | null = null;
  let taps: Ears | null = null;
  let frame = 0;

  const heard = (): HTMLAudioElement => elements()[turn % 2] as HTMLAudioElement;
  const other = (): HTMLAudioElement => elements()[(turn + 1) % 2] as HTMLAudioElement;

  function load(element: HTMLAudioElement, until: number, from: number): void {
    if (sound === null) return;
    element.src = sound.address(format, sound.growing ? Math.floor(until) : null);
    element.defaultPlaybackRate = rate.value;
    element.playbackRate = rate.value;
    element.currentTime = from / 1000; // before its head is read: where it will begin
  }

  function open(next: Sound, total: number): void {
    sound = next;
    growing = next.growing;
    format = next.growing ? "wav" : (next.formats.find((one) => heard().canPlayType(`audio/${one}`) !== "") ?? "wav");
    [length.value, end, ready, position.value] = [total, total, null, 0];
    [failed.value, playing.value, live.value] = [false, false, false];
    elements().forEach(watch);
    load(heard(), end, 0);
  }

  function watch(element: HTMLAudioElement): void {
    element.onended = () => element === heard() && stretchOver();
    element.onerror = () => broken(element);
  }

  function broken(element: HTMLAudioElement): void {
    if (element !== heard()) {
      ready = null; // tried again with the next stretch
      return;
    }
    if (format !== "wav") {
      format = "wav"; // a browser that says it reads FLAC and does not
      load(element, end, position.value);
      if (playing.value) void element.play().catch(refused);
      return;
    }
    failed.value = true;
    stopped();
  }

  function stopped(): void {
    playing.value = false;
    cancelAnimationFrame(frame);
  }

  /** A browser that will not play; a wish that a newer one has overtaken is none of that. */
  function refused(error: unknown): void {
    if (!(error instanceof DOMException && error.name === "AbortError")) stopped();
  }

  function stretchOver(): void {
    if (sound === null) return;
    position.value = end;
    if (sound.growing && ready !== null) {
      [turn, end, ready] = [turn + 1, ready, null];
      void heard().play().catch(refused);
    } else if (sound.growing && length.value > end + 50) {
      jump(end);
      void heard().play().catch(refused);
    } else if (!growing) {
      stopped(); // else: at the edge of a call under way, until ``grown`` tells of more
    }
  }

  function tick(): void {
    position.value = Math.min(heard().currentTime * 1000, length.value);
    const left = end - position.value;
    const more = length.value - end;
    if (sound?.growing && ready === null && left < READY_MS * rate.value && more > (growing ? STRETCH_MS : 50)) {
      ready = length.value;
      load(other(), ready, end);
    }
    if (live.value && length.value - position.value > BEHIND_MOST_MS) jump(length.value - BEHIND_MS);
    frame = requestAnimationFrame(tick);
  }

  /** Go there, with newer bytes when those at hand do not reach so far. */
  function jump(to: number): void {
    const target = Math.min(Math.max(0, to), length.value);
    position.value = target;
    if (sound?.growing && target >= end - 50 && length.value > end) {
      [end, ready] = [length.value, null];
      load(heard(), end, target);
      if (playing.value) void heard().play().catch(refused);
    } else heard().currentTime = target / 1000;
  }

  async function play(): Promise<void> {
    if (sound === null || failed.value) return;
    taps ??= ears(elements(), side.value);
    await taps.wake();
    if (!growing && position.value >= length.value - 20) jump(0);
    playing.value = true;
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(tick);
    await heard().play().catch(refused);
  }

  function pause(): void {
    live.value = false;
    elements().forEach((element) => element.pause());
    stopped();
  }

  function grown(total: number, goesOn: boolean): void {
    growing = growing && goesOn;
    if (total <= length.value && goesOn) return;
    length.value = Math.max(length.value, total);
    if (playing.value && heard().ended) stretchOver();
    if (!growing) live.value = false;
  }

  return {
    position, length, playing, rate, side, live, failed, open, play, pause, grown,
    seek: (ms) => {
      live.value = false;
      jump(ms);
    },
    follow: async () => {
      live.value = true;
      rate.value = 1;
      heard().playbackRate = 1;
      jump(length.value - BEHIND_MS);
      await play();
    },
    faster: (steps) => {
      const at = Math.min(Math.max(0, RATES.findIndex((one) => one === rate.value) + steps), RATES.length - 1);
      rate.value = RATES[at] ?? 1;
      elements().forEach((element) => (element.playbackRate = element.defaultPlaybackRate = rate.value));
    },
    turn: (wanted) => {
      side.value = wanted ?? SIDES[(SIDES.indexOf(side.value) + 1) % SIDES.length] ?? "deux";
      taps?.hear(side.value);
    },
    close: () => {
      pause();
      sound = null;
      for (const element of elements()) {
        element.onended = element.onerror = null;
        element.removeAttribute("src");
        element.load();
      }
      taps?.close();
      taps = null;
    },
  }; // prettier-ignore
}
