/**
 * Which microphone, which headset, and which loudspeaker rings: chosen, remembered on this machine, replaced when unplugged.
 *
 * The ring tone has an output of its own, so that a headset left on the desk is heard. A device that is gone is replaced by the
 * machine's default, and `fell` says so in French; it is taken again when it comes back.
 */

export type Use = "micro" | "ecoute" | "sonnerie";
export interface Device {
  id: string;
  label: string;
}
export interface DeviceEvents {
  changed?: () => void;
  /** A chosen device is gone, or is back: in French. */
  fell?: (message: string) => void;
  /** Another device serves this use from now on: by choice, or because one is gone or back. */
  use?: (use: Use) => void;
}

const KEY = "cti-telephone";
const NAMES: Record<Use, string> = { micro: "Le micro", ecoute: "Le casque", sonnerie: "Le haut-parleur de la sonnerie" };
const KINDS: Record<Use, MediaDeviceKind> = { micro: "audioinput", ecoute: "audiooutput", sonnerie: "audiooutput" };

type Chosen = Partial<Record<Use, Device>>;

function remembered(): Chosen {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "{}") as Chosen;
  } catch {
    return {};
  }
}

export class Devices {
  #known: MediaDeviceInfo[] = [];
  #chosen: Chosen = remembered();
  readonly #missing = new Set<Use>();
  readonly #listeners = new Set<DeviceEvents>();
  readonly #plugged = (): void => void this.look();

  /** Without `processing` the browser leaves the voice as it is: no echo cancelling, no noise suppression, no gain. */
  constructor(private readonly processing = true) {
    navigator.mediaDevices.addEventListener("devicechange", this.#plugged);
  }

  close(): void {
    navigator.mediaDevices.removeEventListener("devicechange", this.#plugged);
  }

  listen(events: DeviceEvents): () => void {
    this.#listeners.add(events);
    return () => this.#listeners.delete(events);
  }

  /** Ask for the microphone once, so that devices have names; throws what the browser says when it is refused. */
  async allow(): Promise<void> {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    for (const track of stream.getTracks()) track.stop();
    await this.look();
  }

  /** What is plugged in now. */
  async look(): Promise<void> {
    this.#known = await navigator.mediaDevices.enumerateDevices();
    for (const use of Object.keys(NAMES) as Use[]) this.#check(use);
    for (const listener of this.#listeners) listener.changed?.();
  }

  list(use: Use): Device[] {
    return this.#known
      .filter((one) => one.kind === KINDS[use] && one.deviceId !== "")
      .map((one) => ({ id: one.deviceId, label: one.label || "appareil sans nom" }));
  }

  /** The chosen device, as long as it is there; null: the machine's default. */
  chosen(use: Use): Device | null {
    const wanted = this.#chosen[use];
    if (wanted === undefined) return null;
    const here = this.list(use);
    // A browser gives another id after its data were cleared: the name still says which one it is.
    return here.find((one) => one.id === wanted.id) ?? here.find((one) => one.label === wanted.label) ?? null;
  }

  choose(use: Use, device: Device | null): void {
    this.#missing.delete(use);
    if (device === null) delete this.#chosen[use];
    else this.#chosen[use] = device;
    try {
      localStorage.setItem(KEY, JSON.stringify(this.#chosen));
    } catch {
      // a browser that keeps nothing still phones
    }
    for (const listener of this.#listeners) {
      listener.use?.(use);
      listener.changed?.();
    }
  }

  /** Whether another output than the default can be chosen here. */
  get outputs(): boolean {
    return "setSinkId" in HTMLMediaElement.prototype;
  }

  /** The chosen microphone, or the default one when it is gone. */
  async microphone(processing = this.processing): Promise<MediaStream> {
    const wanted = this.chosen("micro");
    const [echoCancellation, noiseSuppression, autoGainControl] = [processing, processing, processing];
    const audio: MediaTrackConstraints = { echoCancellation, noiseSuppression, autoGainControl };
    if (wanted !== null) {
      try {
        return await navigator.mediaDevices.getUserMedia({ audio: { ...audio, deviceId: { exact: wanted.id } } });
      } catch (trouble) {
        if ((trouble as DOMException).name === "NotAllowedError") throw trouble;
        this.#say("micro", "ne répond pas, remplacé par celui de la machine.");
      }
    }
    return navigator.mediaDevices.getUserMedia({ audio });
  }

  /** Let an element be heard where this use is heard. */
  async play(element: HTMLMediaElement, use: Use): Promise<void> {
    const sink = this.chosen(use)?.id ?? "";
    try {
      if (this.outputs && element.sinkId !== sink) await element.setSinkId(sink);
    } catch {
      this.#say(use, "ne répond pas, remplacé par celui de la machine.");
      await element.setSinkId("");
    }
    // Without sound allowed yet, the browser refuses until the first click; `autoplay` then goes on by itself.
    if (element.srcObject !== null || element.src !== "") await element.play().catch(() => undefined);
  }

  #check(use: Use): void {
    if (this.#chosen[use] === undefined) return;
    const here = this.chosen(use) !== null;
    if (!here && !this.#missing.has(use)) {
      this.#missing.add(use);
      this.#say(use, "est débranché, remplacé par celui de la machine.");
    } else if (here && this.#missing.delete(use)) {
      this.#say(use, "est de nouveau là.");
    } else {
      return;
    }
    for (const listener of this.#listeners) listener.use?.(use);
  }

  #say(use: Use, what: string): void {
    this.tell(`${NAMES[use]} ${this.#chosen[use]?.label ?? ""} ${what}`);
  }

  /** What happened to a device, in French, for whoever shows it. */
  tell(message: string): void {
    for (const listener of this.#listeners) listener.fell?.(message);
  }
}
