/** The keys of a desk: one press, one act; never while something is typed, asked in a box, or played. */

import { onMounted, onUnmounted } from "vue";

/** A key that was meant for what was on the screen a moment ago must not hit what has just come there. */
export const SETTLING_MS = 400;

const FIELDS = "input, textarea, select, [contenteditable], audio, [role=slider]";

/** The key, in lower case. The upper row of a French keyboard gives a digit with or without Maj. */
export function keyOf(event: KeyboardEvent): string {
  const digit = /^Digit([0-9])$/.exec(event.code)?.[1];
  return event.key === " " ? "enter" : (digit ?? event.key.toLowerCase());
}

/**
 * ``press`` is told each key, in lower case, and says whether it was one of hers; ``away`` says that the keys are not hers now.
 */
export function useDeskKeys(press: (key: string) => boolean, away: () => boolean): void {
  function down(event: KeyboardEvent): void {
    if (event.repeat || event.isComposing || event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return;
    const at = event.target as HTMLElement | null;
    if (at?.closest?.(FIELDS) != null || document.querySelector("dialog[open]") !== null || away()) return;
    const key = keyOf(event);
    // Where a button or a link has the focus, Entrée and Espace are its own.
    if (key === "enter" && at?.closest?.("button, a, summary") != null) return;
    if (press(key)) event.preventDefault();
  }
  onMounted(() => window.addEventListener("keydown", down));
  onUnmounted(() => window.removeEventListener("keydown", down));
}
