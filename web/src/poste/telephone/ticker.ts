/**
 * Ticks once a second, in the background too.
 *
 * A hidden tab may have its own timers run once a minute only, which is longer than a registration may wait.
 */

export interface Ticker {
  stop: () => void;
}

export function tick(each: () => void): Ticker {
  try {
    const worker = new Worker(new URL("./ticker.worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = () => each();
    return { stop: () => worker.terminate() };
  } catch {
    const timer = window.setInterval(each, 1_000);
    return { stop: () => window.clearInterval(timer) };
  }
}
