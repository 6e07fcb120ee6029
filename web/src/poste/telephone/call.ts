/** One call of the phone: JsSIP's session in our words, with its voice in both directions. */

import type { RTCSession } from "jssip/lib/RTCSession";
import type { CallState, CallView, Ended } from "./words";
import { RelayWatch } from "./relay";
import { LOST_HEADER } from "./words";

/** Candidates are not waited for longer than this: an unreachable STUN server must not delay an answer. */
const GATHERING_MS = 800;
/** Final answers that say something of the caller (his credentials, his voice's codecs, his way there) and not of who was called. */
const OF_OURS = new Set([401, 403, 407, 408, 488, 606]);
let made = 0;

export interface CallEvents {
  changed: () => void;
  /** The other side's voice. */
  heard: (stream: MediaStream) => void;
  ended: (how: Ended) => void;
}

export class Call {
  readonly id = `appel-${++made}`;
  readonly incoming: boolean;
  /** What comes from the other side, once it does. */
  remote: MediaStream | null = null;
  #state: CallState;
  #answeredAt: number | null = null;
  #relay: RelayWatch | null = null;
  #refusal = 0;
  readonly #startedAt = Date.now();
  readonly #session: RTCSession;
  readonly #events: CallEvents;

  /** `sip`: the SIP Call-ID, by which the PBX knows this call too. */
  constructor(session: RTCSession, incoming: boolean, events: CallEvents, readonly sip: string) {
    this.#session = session;
    this.#events = events;
    this.incoming = incoming;
    this.#state = incoming ? "sonne" : "appelle";
    this.#follow();
  }

  get view(): CallView {
    const other = this.#session.remote_identity;
    return {
      id: this.id,
      state: this.#state,
      incoming: this.incoming,
      number: other?.uri.user ?? "",
      name: other?.display_name ?? "",
      muted: this.#session.isMuted().audio === true,
      startedAt: this.#startedAt,
      answeredAt: this.#answeredAt,
    };
  }

  get state(): CallState {
    return this.#state;
  }

  /** For levels and quality; null once it is over or before there is one. */
  get connection(): RTCPeerConnection | null {
    return (this.#session.connection as RTCPeerConnection | undefined) ?? null;
  }

  /** Why the TURN servers give no way for the voice, in French; empty when they do, or are not needed. */
  get relayTrouble(): string {
    return this.#relay?.trouble ?? "";
  }

  /** The SIP status with which the PBX refused whom we called (404: it has nobody of that number); 0 when it did not. */
  get refusal(): number {
    return this.#refusal;
  }

  answer(microphone: MediaStream, pcConfig: RTCConfiguration): void {
    if (this.#state === "sonne") this.#session.answer({ mediaStream: microphone, pcConfig });
  }

  /** Hang up, refuse or cancel. */
  hangup(): void {
    if (this.#session.isEnded()) return;
    this.#session.terminate(this.#state === "sonne" ? { status_code: 486 } : {});
  }

  /** The page goes away: the PBX gives the caller back to his queue, or offers him to somebody else. */
  abandon(): void {
    if (this.#session.isEnded()) return;
    if (this.#session.isEstablished()) this.#session.terminate({ extraHeaders: [LOST_HEADER] });
    else this.#session.terminate({ status_code: 480 });
  }

  /** The WebSocket is cut while it rings: the PBX offers the caller to somebody else, and could not tell us so. */
  ringLost(): void {
    if (this.#state !== "sonne") return;
    this.#over("system", "liaison coupée");
    try {
      this.#session.terminate({ status_code: 480 });
    } catch {
      // there is no way to say it
    }
  }

  /** Resolves when the other side has agreed; false when it cannot be done now. */
  hold(): Promise<boolean> {
    return this.#change("en_ligne", (done) => this.#session.hold({}, done));
  }

  resume(): Promise<boolean> {
    return this.#change("en_garde", (done) => this.#session.unhold({}, done));
  }

  mute(muted: boolean): void {
    if (muted) this.#session.mute({ audio: true });
    else this.#session.unmute({ audio: true });
    this.#events.changed();
  }

  /** Keys, as RFC 4733 events within the voice. */
  keys(digits: string): void {
    const sender = this.connection?.getSenders().find((one) => one.track?.kind === "audio");
    if (sender?.dtmf?.canInsertDTMF) sender.dtmf.insertDTMF(sender.dtmf.toneBuffer + digits, 120, 80);
    else this.#session.sendDTMF(digits);
  }

  /** Blind transfer by the phone itself; the PBX tells what becomes of it by ending the call. */
  refer(target: string): void {
    this.#session.refer(target);
  }

  /** Another microphone, in the middle of the call. */
  async speakFrom(track: MediaStreamTrack): Promise<void> {
    const sender = this.connection?.getSenders().find((one) => one.track?.kind === "audio");
    if (sender === undefined) return;
    track.enabled = sender.track?.enabled ?? true;
    await sender.replaceTrack(track);
  }

  /**
   * The WebSocket is back, from another address perhaps: the PBX is told where we are, so that it can hang up, and answers 481
   * when the call is over already. A new way for the voice is looked for with the credentials of now: those that the call began
   * with may have ended.
   */
  revive(pcConfig: RTCConfiguration): void {
    if (!this.#session.isEstablished() || !this.#session.isReadyToReOffer()) return;
    const broken = ["disconnected", "failed"].includes(this.connection?.iceConnectionState ?? "");
    if (broken) this.connection?.setConfiguration(pcConfig);
    this.#session.renegotiate(broken ? { rtcOfferConstraints: { iceRestart: true } } : {});
  }

  async #change(from: CallState, ask: (done: () => void) => boolean): Promise<boolean> {
    if (this.#state !== from) return false;
    return new Promise((resolve) => {
      if (!ask(() => resolve(true))) resolve(false);
    });
  }

  #become(state: CallState): void {
    if (this.#state === "fini") return;
    this.#state = state;
    this.#events.changed();
  }

  #follow(): void {
    const session = this.#session;
    // An outgoing session has its connection already, an incoming one gets it when it is answered.
    if (this.connection !== null) this.#listen(this.connection);
    session.on("peerconnection", ({ peerconnection }) => this.#listen(peerconnection));
    session.on("icecandidate", ({ candidate, ready }) => {
      if (candidate.type === "srflx" || candidate.type === "relay") ready();
      else setTimeout(ready, GATHERING_MS);
    });
    session.on("confirmed", () => {
      this.#answeredAt ??= Date.now();
      this.#become("en_ligne");
    });
    session.on("hold", ({ originator }) => String(originator) === "local" && this.#become("en_garde"));
    session.on("unhold", ({ originator }) => String(originator) === "local" && this.#become("en_ligne"));
    session.on("ended", ({ originator, cause }) => this.#over(String(originator), cause));
    session.on("failed", ({ originator, message, cause }) => {
      const status = (message as { status_code?: number } | null)?.status_code ?? 0;
      if (!this.incoming && status >= 400 && !OF_OURS.has(status)) this.#refusal = status;
      this.#over(String(originator), cause);
    });
  }

  #over(by: string, cause: string): void {
    if (this.#state === "fini") return;
    this.#state = "fini";
    this.#events.ended({ call: this.view, by, cause });
    this.#events.changed();
  }

  #listen(connection: RTCPeerConnection): void {
    this.#relay = new RelayWatch(connection);
    connection.addEventListener("track", (event) => {
      // Not the stream that the event bears: its track is taken out of it while we hold, and put back later. The track itself lasts.
      if (this.remote?.getTracks().includes(event.track)) return;
      this.remote = new MediaStream([event.track]);
      this.#events.heard(this.remote);
    });
  }
}
