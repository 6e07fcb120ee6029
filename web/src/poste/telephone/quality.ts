/**
 * How well a call is heard here: loss, jitter, delay, and one number for all of it.
 *
 * The number is the mean opinion score of the E-model (ITU-T G.107, 06/2015), simplified as by Cole and Rosenbluth ("Voice over IP
 * performance monitoring", ACM CCR 31(2), 2001): R = 93.2 - Id - Ie,eff, with all other parameters at their defaults,
 *   Id     = 0.024 d + 0.11 (d - 177.3) for the part of d above 177.3 ms, d being the delay from mouth to ear,
 *   Ie,eff = Ie + (95 - Ie) Ppl / (Ppl + Bpl) for random loss of Ppl percent (G.107, 7.5); G.711 with concealment has Ie = 0 and
 *            Bpl = 25.1 (G.113, Appendix I),
 *   MOS    = 1 + 0.035 R + R (R - 60) (100 - R) 7e-6 for R within 0 and 100 (G.107, Annex B).
 */

const BPL = 25.1;
const PACKET_MS = 20;

export interface Quality {
  /** Of this interval, from 0 to 1. */
  loss: number;
  jitterMs: number;
  roundTripMs: number | null;
  /** From 1 to 4.4; null before the first interval with packets. */
  mos: number | null;
  /** Packets of this interval: none means that nothing is heard any more. */
  packets: number;
  /** What the other side missed of ours, from 0 to 1, as it reported; null when it says nothing. */
  remoteLoss: number | null;
}

/** From the beginning of a connection until now. */
export interface Total {
  received: number;
  lost: number;
  sent: number;
  remoteLost: number | null;
  jitterMs: number;
  roundTripMs: number | null;
  mos: number | null;
  /** Of the worst interval. */
  mosMin: number | null;
}

/** Rating R of the E-model. */
export function rating(loss: number, delayMs: number): number {
  const percent = loss * 100;
  const delay = 0.024 * delayMs + (delayMs > 177.3 ? 0.11 * (delayMs - 177.3) : 0);
  const equipment = (95 * percent) / (percent + BPL);
  return 93.2 - delay - equipment;
}

export function mosOf(r: number): number {
  if (r <= 0) return 1;
  if (r >= 100) return 4.5;
  return 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6;
}

interface Counts {
  received: number;
  lost: number;
  bufferMs: number;
  emitted: number;
}

/** Reads a connection's figures one interval after the other. */
export class QualityReader {
  #before: Counts | null = null;
  #delays: number[] = [];
  #trips: number[] = [];
  #jitters: number[] = [];
  #worst: number | null = null;
  #sent = 0;
  #remoteLost: number | null = null;

  read(report: RTCStatsReport): Quality {
    let roundTripMs: number | null = null;
    let jitterMs = 0;
    let remoteLoss: number | null = null;
    const now: Counts = { received: 0, lost: 0, bufferMs: 0, emitted: 0 };
    for (const one of report.values() as Iterable<Record<string, number | string | undefined>>) {
      const number = (name: string): number => Number(one[name] ?? 0);
      if (one["type"] === "inbound-rtp" && one["kind"] === "audio") {
        now.received += number("packetsReceived");
        now.lost += number("packetsLost");
        now.bufferMs += number("jitterBufferDelay") * 1_000;
        now.emitted += number("jitterBufferEmittedCount");
        jitterMs = Math.max(jitterMs, number("jitter") * 1_000);
      } else if (one["type"] === "outbound-rtp" && one["kind"] === "audio") {
        this.#sent = number("packetsSent");
      } else if (one["type"] === "remote-inbound-rtp" && one["roundTripTime"] !== undefined) {
        roundTripMs = number("roundTripTime") * 1_000;
        remoteLoss = number("fractionLost");
        this.#remoteLost = Math.max(0, number("packetsLost"));
      } else if (one["type"] === "candidate-pair" && one["nominated"] && one["currentRoundTripTime"] !== undefined) {
        roundTripMs ??= number("currentRoundTripTime") * 1_000;
      }
    }
    const before = this.#before ?? { received: 0, lost: 0, bufferMs: 0, emitted: 0 };
    this.#before = now;
    const packets = now.received - before.received;
    const lost = Math.max(0, now.lost - before.lost);
    const loss = packets + lost > 0 ? lost / (packets + lost) : 0;
    const emitted = now.emitted - before.emitted;
    const bufferMs = emitted > 0 ? (now.bufferMs - before.bufferMs) / emitted : 0;
    const delayMs = (roundTripMs ?? 0) / 2 + bufferMs + PACKET_MS;
    const mos = packets + lost > 0 ? mosOf(rating(loss, delayMs)) : null;
    if (mos !== null) {
      this.#delays.push(delayMs);
      this.#jitters.push(jitterMs);
      if (roundTripMs !== null) this.#trips.push(roundTripMs);
      this.#worst = Math.min(this.#worst ?? mos, mos);
    }
    return { loss, jitterMs, roundTripMs, mos, packets, remoteLoss };
  }

  /** All that was read so far; null before anything was. */
  get total(): Total | null {
    const counts = this.#before;
    if (counts === null) return null;
    const lost = Math.max(0, counts.lost);
    const all = counts.received + lost;
    return {
      received: counts.received,
      lost,
      sent: this.#sent,
      remoteLost: this.#remoteLost,
      jitterMs: mean(this.#jitters) ?? 0,
      roundTripMs: mean(this.#trips),
      mos: all > 0 ? mosOf(rating(lost / all, mean(this.#delays) ?? PACKET_MS)) : null,
      mosMin: this.#worst,
    };
  }
}

function mean(values: number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}
