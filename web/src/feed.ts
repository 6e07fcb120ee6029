/**
 * Follows the server's board: opens the stream, lays changes over the picture, notices silence, resumes where it stopped.
 *
 * EventSource alone would not notice a half-open connection and gives up for good on an HTTP error, so the stream is opened
 * anew by us, with the last id received.
 */

import { ref, shallowRef, type Ref, type ShallowRef } from "vue";
import { changed, type Board, type Change } from "./board";

/** The server speaks at least every 5 s; after two missed beats the line is dead. */
const SILENCE_MS = 12_000;
const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 5_000;

export interface Follow {
  board: ShallowRef<Board | null>;
  /** null while the stream is alive, else the local instant of the last thing heard. */
  lostAt: Ref<number | null>;
  refused: Ref<boolean>;
  /** Server clock minus local clock, in milliseconds. */
  offset: Ref<number>;
  stop: () => void;
}

export function follow(url: string): Follow {
  const board = shallowRef<Board | null>(null);
  const lostAt = ref<number | null>(null);
  const refused = ref(false);
  const offset = ref(0);
  let source: EventSource | null = null;
  let lastId = "";
  let heardAt = Date.now();
  let openedAt = heardAt;
  let retryMs = FIRST_RETRY_MS;
  let retry: number | undefined;

  function heard(at: string): void {
    heardAt = Date.now();
    offset.value = Date.parse(at) - heardAt;
    retryMs = FIRST_RETRY_MS;
    lostAt.value = null;
    refused.value = false;
  }

  function on<T extends { at: string }>(kind: string, take: (message: T) => void): void {
    source?.addEventListener(kind, (event) => {
      const message = JSON.parse((event as MessageEvent<string>).data) as T;
      const id = (event as MessageEvent<string>).lastEventId;
      if (id !== "") lastId = id;
      take(message);
      heard(message.at);
    });
  }

  function open(): void {
    source?.close();
    openedAt = Date.now();
    source = new EventSource(lastId && board.value ? `${url}?last_event_id=${encodeURIComponent(lastId)}` : url);
    on<Board>("snapshot", (picture) => (board.value = picture));
    on<Change>("change", (change) => {
      if (board.value !== null && board.value.epoch === change.epoch) board.value = changed(board.value, change);
    });
    on<{ at: string }>("heartbeat", () => undefined);
    source.onerror = lost;
  }

  function lost(): void {
    source?.close();
    source = null;
    lostAt.value ??= heardAt;
    window.clearTimeout(retry);
    retry = window.setTimeout(open, retryMs);
    retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
    fetch("/api/v1/filieres").then(
      (answer) => (refused.value = answer.status === 401),
      () => (refused.value = false),
    );
  }

  const watchdog = window.setInterval(() => {
    if (source !== null && Date.now() - Math.max(heardAt, openedAt) > SILENCE_MS) lost();
  }, 1_000);

  open();
  return {
    board,
    lostAt,
    refused,
    offset,
    stop: () => {
      window.clearInterval(watchdog);
      window.clearTimeout(retry);
      source?.close();
    },
  };
}
