/** What is being written about each call: kept while the page is there, whatever the call becomes, and written by ``save``. */

import { reactive } from "vue";
import type { Note } from "./desk";
import { session } from "./session_port";

const drafts = reactive<Record<string, string>>({});

export const draftOf = (call: string): string => drafts[call] ?? "";
export function draft(call: string, words: string): void {
  if (words === "") delete drafts[call];
  else drafts[call] = words;
}
/** Calls of which something is written and not yet kept. */
export const unsaved = (): string[] => Object.keys(drafts).filter((call) => draftOf(call).trim() !== "");

/** What was written about a call that came before; nothing when it cannot be had. */
export async function notesOf(call: string): Promise<Note[]> {
  const answer = await session.ask<{ notes: Note[] }>(`/api/v1/calls/${encodeURIComponent(call)}/notes`);
  return answer.ok ? answer.value.notes : [];
}

/** Write the draft; why not, or null. What was typed stays until the server has it. */
export async function save(call: string, by: string): Promise<string | null> {
  const words = draftOf(call);
  if (words.trim() === "") return null;
  const answer = await session.ask<Note>(`/api/v1/calls/${encodeURIComponent(call)}/note`, "POST", { by, texte: words });
  if (!answer.ok) return answer.detail;
  if (draftOf(call) === words) draft(call, "");
  return null;
}
