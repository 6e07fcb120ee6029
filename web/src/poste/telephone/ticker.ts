/**
 * Ticks once a second, and waits, in the background too.
 *
 * A hidden tab may have its own timers run once a minute only, which is longer than a registration may wait.
 */

export interface Ticker {
  stop: () => void;
}

function clock(): Worker {
  return new Worker(new URL("./ticker.worker.ts", import.meta.url), { type: "module" });
}

export function tick(each: () => void): Ticker {
  try {
    const worker = clock();
    worker.onmessage = ({ data }: MessageEvent<number>) => data === 0 && each();
    return { stop: () => worker.terminate() };
  } catch {
    const timer = window.setInterval(each, 1_000);
    return { stop: () => window.clearInterval(timer) };
  }
}

let shared: Worker | null | undefined;
let waiters = 0;
const waiting = new Map<number, () => void>();

function waiter(): Worker | null {
  if (shared !== undefined) return shared;
  try {
    shared = clock();
    shared.onmessage = ({ data }: MessageEvent<number>) => {
      waiting.get(data)?.();
      waiting.delete(data);
    };
  } catch {
    shared = null;
  }
  return shared;
}

/** So many milliseconds later. */
export function later(ms: number): Promise<void> {
  const worker = waiter();
  if (worker === null) return new Promise((resolve) => window.setTimeout(resolve, ms));
  return new Promise((resolve) => {
    const id = ++waiters;
    waiting.set(id, resolve);
    worker.postMessage({ id, ms });
  });
}
