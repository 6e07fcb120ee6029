/** A clock that a hidden tab does not slow down: browsers throttle the timers of pages, not those of workers. */

const EVERY_MS = 1_000;
setInterval(() => postMessage(0), EVERY_MS);
// Somebody waits so long: answered by the number that he gave, which is never 0.
onmessage = ({ data }: MessageEvent<{ id: number; ms: number }>) => {
  setTimeout(() => postMessage(data.id), data.ms);
};
