/** Draws the two voices: the caller in the upper lane, the agents in the lower one. */

import type { Peaks } from "./listening";

/** Loudness of a telephone: most words are far below full scale, and must be seen beside a shout. */
const CURVE = 0.55;
/** What is there at all is at least so high (CSS pixels). */
const LEAST = 0.5;

export interface Ink {
  caller: string;
  agents: string;
  line: string;
}

export function inkOf(element: Element): Ink {
  const style = getComputedStyle(element);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  return { caller: colour("--caller"), agents: colour("--agents"), line: colour("--line") };
}

/** As sharp as the screen: the canvas has the screen's own pixels. */
export function draw(canvas: HTMLCanvasElement, peaks: Peaks | null, length: number, ink: Ink): void {
  const ratio = window.devicePixelRatio || 1;
  const { clientWidth: width, clientHeight: height } = canvas;
  const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== across) canvas.width = across;
  if (canvas.height !== down) canvas.height = down;
  const pen = canvas.getContext("2d");
  if (pen === null || width === 0) return;
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  pen.fillStyle = ink.line;
  pen.fillRect(0, height / 2 - 0.5, width, 1);
  if (peaks === null || length <= 0) return;
  lane(pen, peaks.caller, peaks.bucket_ms, length, width, height / 4, height / 4 - 4, ink.caller);
  lane(pen, peaks.agents, peaks.bucket_ms, length, width, (height * 3) / 4, height / 4 - 4, ink.agents);
}

function lane(
  pen: CanvasRenderingContext2D, values: readonly number[], bucket: number, length: number,
  width: number, middle: number, half: number, colour: string,
): void {
  pen.fillStyle = colour;
  const each = (bucket / length) * width;
  const columns = Math.max(1, Math.ceil(each < 1 ? width : values.length));
  const step = each < 1 ? 1 : each;
  for (let column = 0; column < columns; column += 1) {
    const first = each < 1 ? Math.floor(column / each) : column;
    const last = each < 1 ? Math.max(first + 1, Math.floor((column + 1) / each)) : column + 1;
    if (first >= values.length) break;
    let loudest = 0;
    for (let place = first; place < last && place < values.length; place += 1) loudest = Math.max(loudest, values[place] ?? 0);
    const tall = Math.max(LEAST, Math.min(1, loudest) ** CURVE * half);
    pen.fillRect(column * step, middle - tall, step < 3 ? step : step - 0.6, tall * 2);
  }
} // prettier-ignore
