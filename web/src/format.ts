/** How durations, rates and instants are written for people. */

/** 0:07, 2:05, 1:02:05; whole seconds that have passed. */
export function duration(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const two = (n: number) => String(n).padStart(2, "0");
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

/** 12 s, 2 min 05 s, 1 h 02 min. */
export function spoken(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, "0")} s`;
  return `${Math.floor(seconds / 3600)} h ${String(Math.floor(seconds / 60) % 60).padStart(2, "0")} min`;
}

const oneDecimal = new Intl.NumberFormat("fr-FR", { minimumFractionDigits: 1, maximumFractionDigits: 1 });

/** 89,9 %: cut, never rounded up, so that no target looks reached before it is. */
export function rate(value: number | null): string {
  if (value === null) return "non calculable";
  return `${oneDecimal.format(Math.floor(value * 1000 + 1e-9) / 10)} %`;
}

export function clock(at: number): string {
  return new Date(at).toLocaleTimeString("fr-FR", { hour: "2-digit", minute: "2-digit", second: "2-digit" });
}

export function count(value: number | null | undefined): string {
  return value === null || value === undefined ? "—" : String(value);
}

export const plural = (n: number | null, one: string, many: string): string => (n !== null && n >= 2 ? many : one);
