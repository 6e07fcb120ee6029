/**
 * The echo test: our PBX is called on an extension that sends back what it hears.
 *
 * By itself: a tone is sent and looked for in what comes back, so that network, credentials and codecs are proved without anybody
 * speaking. By voice: the agent speaks and hears himself, so that microphone and headset are proved too.
 */

import { Meter } from "./levels";
import type { Phone } from "./phone";
import { QualityReader } from "./quality";
import { later } from "./ticker";

const HERTZ = 1_000;
const TOLERANCE_HZ = 40;
const PATIENCE_MS = 10_000;
const LOOK_MS = 10;
/** So long the tone goes on once it has come back, for losses to be counted. */
const COUNTED_MS = 1_500;

export interface EchoResult {
  ok: boolean;
  /** From our tone to its return, in milliseconds; null when it did not come. */
  delayMs: number | null;
  /** Packets that did not arrive, the worse of both ways, from 0 to 1. */
  loss: number;
  /** The PBX refused the call: nothing is known of the voice, and it is no fault of this page. */
  refused: boolean;
  /** French. */
  detail: string;
}

const failed = (detail: string): EchoResult => ({ ok: false, delayMs: null, loss: 1, refused: false, detail });

async function until<T>(look: () => T | null | false, patienceMs: number, vain: () => boolean = () => false): Promise<T | null> {
  const end = performance.now() + patienceMs;
  while (performance.now() < end) {
    const found = look();
    if (found !== null && found !== false) return found;
    if (vain()) return null;
    await later(LOOK_MS);
  }
  return null;
}

/** Without anybody: a tone there and back. */
export async function echoTest(phone: Phone): Promise<EchoResult> {
  const context = new AudioContext();
  const out = context.createMediaStreamDestination();
  const gain = new GainNode(context, { gain: 0 });
  const tone = new OscillatorNode(context, { frequency: HERTZ });
  tone.connect(gain).connect(out);
  tone.start();
  const call = phone.echo === "" ? null : await phone.dial(phone.echo, out.stream);
  try {
    if (call === null) return failed("le téléphone n'est pas libre, ou n'est pas enregistré");
    const remote = await until(() => call.state === "en_ligne" && call.remote, PATIENCE_MS, () => call.state === "fini");
    if (remote === null && call.refusal !== 0) {
      return { ...failed(`le PBX refuse l'essai (${call.refusal}) ; prévenez l'informatique, les appels vous restent présentés`), refused: true };
    }
    if (remote === null) return failed(call.relayTrouble || "le PBX n'a pas décroché");
    const meter = new Meter(remote);
    try {
      // The PBX beeps first; then it must be quiet before we send.
      await later(1_500);
      await until(() => Math.abs(meter.pitch() - HERTZ) > TOLERANCE_HZ, PATIENCE_MS);
      if (call.relayTrouble !== "" && call.connection?.iceConnectionState !== "connected") {
        return failed(call.relayTrouble);
      }
      const sentAt = performance.now();
      gain.gain.value = 0.3;
      const heard = await until(() => Math.abs(meter.pitch() - HERTZ) <= TOLERANCE_HZ, PATIENCE_MS);
      if (heard === null) return failed(call.relayTrouble || "rien ne revient : le réseau ne laisse pas passer la voix");
      const delayMs = Math.round(performance.now() - sentAt);
      await later(COUNTED_MS);
      const counted = call.connection === null ? null : new QualityReader().read(await call.connection.getStats());
      if (counted === null || counted.packets === 0) return failed("l'essai a été interrompu");
      return { ok: true, refused: false, delayMs, loss: Math.max(counted.loss, counted.remoteLoss ?? 0), detail: "la voix va et revient" };
    } finally {
      meter.close();
    }
  } finally {
    call?.hangup();
    void context.close();
  }
}
