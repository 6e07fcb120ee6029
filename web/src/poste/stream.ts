/**
 * Follows one desk: opens the stream, lays changes over the picture, notices silence, resumes where it stopped.
 *
 * The stream is read by ``fetch``: an EventSource shows no token, and says nothing of a refusal.
 */

import { ref, shallowRef, type Ref, type ShallowRef } from "vue";
import { changed, type Change, type Desk } from "./desk";
import { session } from "./session_port";

/** The server speaks at least every 5 s; after two missed beats the line is dead. */
const SILENCE_MS = 12_000;
const FIRST_RETRY_MS = 300;
const LAST_RETRY_MS = 4_000;

export interface Following {
  desk: ShallowRef<Desk | null>;
  /** null while the stream is alive, else the local instant of the last thing heard. */
  lostAt: Ref<number | null>;
  /** Why she may follow this desk no longer; empty while she may. */
  over: Ref<string>;
  /** Server clock minus local clock, in milliseconds. */
  offset: Ref<number>;
  /** Follow again, at once: she is let in again. */
  resume: () => void;
  stop: () => void;
}

interface Message {
  id: string;
  event: string;
  data: string;
}

/** Cuts what comes into messages (lines until an empty one). */
export async function* messages(body: ReadableStream<Uint8Array>): AsyncGenerator<Message> {
  const reader = body.pipeThrough(new TextDecoderStream() as ReadableWritablePair<string, Uint8Array>).getReader();
  let text = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      text += value;
      const parts = text.split("\n\n");
      text = parts.pop() ?? "";
      for (const part of parts) {
        const message: Message = { id: "", event: "message", data: "" };
        for (const line of part.split("\n")) {
          const colon = line.indexOf(":");
          const name = line.slice(0, colon);
          const value = line.slice(colon + 1).trimStart();
          if (name === "event") message.event = value;
          else if (name === "id" || name === "data") message[name] += value;
        }
        yield message;
      }
    }
  } finally {
    reader.cancel().catch(() => undefined);
  }
}

export function followDesk(poste: string): Following {
  const desk = shallowRef<Desk | null>(null);
  const lostAt = ref<number | null>(null);
  const over = ref("");
  const offset = ref(0);
  let lastId = "";
  let heardAt = Date.now();
  let retryMs = FIRST_RETRY_MS;
  let retry: number | undefined;
  let watchdog: number | undefined;
  let now: AbortController | null = null;

  function heard(at: string): void {
    heardAt = Date.now();
    offset.value = Date.parse(at) - heardAt;
    retryMs = FIRST_RETRY_MS;
    lostAt.value = null;
  }

  function take(message: Message): void {
    if (message.event === "fin") {
      over.value = (JSON.parse(message.data) as { detail: string }).detail;
      stop();
      return;
    }
    const told = JSON.parse(message.data) as Change;
    if (message.event === "snapshot") desk.value = told as Desk;
    else if (message.event === "change" && desk.value?.epoch === told.epoch) desk.value = changed(desk.value, told);
    if (message.id !== "") lastId = message.id;
    heard(told.at);
  }

  async function open(): Promise<void> {
    const mine = new AbortController();
    now = mine;
    heardAt = Date.now();
    const resume = lastId !== "" && desk.value !== null ? `&last_event_id=${encodeURIComponent(lastId)}` : "";
    try {
      const answer = await session.stream(`/api/v1/poste/flux?poste=${encodeURIComponent(poste)}${resume}`, mine.signal);
      if (answer.status === 403 || answer.status === 404) {
        over.value = ((await answer.json().catch(() => ({}))) as { detail?: string }).detail ?? "Ce poste n'est pas le vôtre.";
        return stop();
      }
      if (!answer.ok || answer.body === null) throw new Error(String(answer.status));
      for await (const message of messages(answer.body)) {
        if (now !== mine) return;
        take(message);
      }
    } catch {
      // refused, cut or aborted: tried again below
    }
    if (now === mine) lost();
  }

  function lost(): void {
    now?.abort();
    now = null;
    lostAt.value ??= heardAt;
    window.clearTimeout(retry);
    retry = window.setTimeout(() => void open(), retryMs);
    retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
  }

  function stop(): void {
    window.clearInterval(watchdog);
    window.clearTimeout(retry);
    const last = now;
    now = null;
    last?.abort();
  }

  function resume(): void {
    stop();
    over.value = "";
    retryMs = FIRST_RETRY_MS;
    watchdog = window.setInterval(() => {
      if (now !== null && Date.now() - heardAt > SILENCE_MS) lost();
    }, 1_000);
    void open();
  }

  resume();
  return { desk, lostAt, over, offset, resume, stop };
}
