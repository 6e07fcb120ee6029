/** What goes wrong with the TURN servers, in French; RFC 8839's "gathering" tells it by `icecandidateerror`, and never by an exception. */

/** The server's own words for: these credentials open nothing (RFC 8489, 9.2.4; RFC 8656, 7.2). */
const REFUSED = new Set([401, 403, 441]);
const FULL = new Set([486, 508]);

/** Follows one connection. */
export class RelayWatch {
  #code = 0;
  #found = false;

  constructor(connection: RTCPeerConnection) {
    connection.addEventListener("icecandidate", ({ candidate }) => {
      if (candidate?.type === "relay") this.#found = true;
    });
    connection.addEventListener("icecandidateerror", (event) => {
      const { errorCode, url } = event as RTCPeerConnectionIceErrorEvent;
      // What a server answered says more than that another way to it was closed (701).
      if (url.startsWith("turn") && (this.#code === 0 || this.#code === 701)) this.#code = errorCode;
    });
  }

  /** Empty as long as nothing went wrong, or when there is a relay all the same. */
  get trouble(): string {
    if (this.#found || this.#code === 0) return "";
    if (REFUSED.has(this.#code)) return `le relais de la voix (TURN) refuse les identifiants de ce poste (${this.#code})`;
    if (FULL.has(this.#code)) return `le relais de la voix (TURN) n'a plus de place pour ce poste (${this.#code})`;
    if (this.#code === 701) return "le relais de la voix (TURN) ne répond pas : nom, port ou certificat";
    return `le relais de la voix (TURN) répond par l'erreur ${this.#code}`;
  }
}
