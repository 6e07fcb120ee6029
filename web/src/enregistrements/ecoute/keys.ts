/**
 * The keys of listening, wherever the focus is on the page, but never in a field or a dialog.
 *
 * A French keyboard has digits above Shift and brackets behind AltGr: digits are also read by their place, and stages have letters too.
 */

import { onMounted, onUnmounted } from "vue";

export interface Keys {
  toggle: () => void;
  by: (ms: number) => void;
  to: (where: "start" | "end") => void;
  stage: (step: -1 | 1) => void;
  stageAt: (place: number) => void;
  faster: (steps: number) => void;
  side: () => void;
  live: () => void;
  mark: (edge: "in" | "out") => void;
  help: () => void;
  leave: () => void;
}

/** What each key does, as the help shows it. */
export const KEY_WORDS: readonly (readonly [string, string])[] = [
  ["Espace", "lire, suspendre"],
  ["← →", "5 secondes en arrière, en avant"],
  ["Maj + ← →", "30 secondes"],
  ["Début, Fin", "au début, à la fin"],
  ["[ ou P, ] ou S", "étape précédente, suivante"],
  ["1 à 9", "aller à cette étape"],
  ["+ −", "plus vite, moins vite (0,75 à 2)"],
  ["M", "les deux voix, l'appelant seul, les agents seuls"],
  ["D", "suivre en direct un appel en cours"],
  ["I, O", "début, fin d'un passage (export)"],
  ["Échap", "fermer l'enregistrement"],
  ["?", "cette aide"],
];

const FIELDS = "input, select, textarea, [contenteditable]";
const PRESSED = "button, a, summary, [role=tab], [role=radio]";
const OWN_ARROWS = "[role=tablist], [role=radiogroup]";

function act(event: KeyboardEvent, keys: Keys, on: Element): boolean {
  const far = event.shiftKey ? 30_000 : 5_000;
  const arrows = on.closest(OWN_ARROWS) === null;
  switch (event.key) {
    case " ":
      if (on.closest(PRESSED) !== null) return false;
      keys.toggle();
      return true;
    case "ArrowLeft":
    case "ArrowRight":
      if (arrows) keys.by(event.key === "ArrowLeft" ? -far : far);
      return arrows;
    case "Home":
    case "End":
      if (arrows) keys.to(event.key === "Home" ? "start" : "end");
      return arrows;
    case "+":
    case "=":
      keys.faster(1);
      return true;
    case "-":
      keys.faster(-1);
      return true;
    case "[":
    case "]":
      keys.stage(event.key === "[" ? -1 : 1);
      return true;
    case "?":
      keys.help();
      return true;
    case "Escape":
      keys.leave();
      return true;
  }
  const digit = /^[1-9]$/.test(event.key) ? event.key : (/^(?:Digit|Numpad)([1-9])$/.exec(event.code)?.[1] ?? "");
  if (digit !== "") {
    keys.stageAt(Number(digit) - 1);
    return true;
  }
  const letters: Record<string, () => void> = {
    p: () => keys.stage(-1), s: () => keys.stage(1), m: keys.side, d: keys.live,
    i: () => keys.mark("in"), o: () => keys.mark("out"),
  }; // prettier-ignore
  const wished = letters[event.key.toLowerCase()];
  wished?.();
  return wished !== undefined;
}

export function useKeys(keys: Keys): void {
  function pressed(event: KeyboardEvent): void {
    const on = event.target instanceof Element ? event.target : document.body;
    const typed = event.getModifierState("AltGraph");
    if (event.defaultPrevented || event.metaKey || ((event.ctrlKey || event.altKey) && !typed)) return;
    if (on.closest(FIELDS) !== null || document.querySelector("dialog[open]") !== null) return;
    if (act(event, keys, on)) event.preventDefault();
  }
  onMounted(() => window.addEventListener("keydown", pressed));
  onUnmounted(() => window.removeEventListener("keydown", pressed));
}
