/** Times as people in Singapore read them, whatever the server's time zone: UTC+8 all year. */
const OFFSET_MS = 8 * 3_600_000;

/** `HH:MM`. */
export function clockText(ms: number): string {
  return new Date(ms + OFFSET_MS).toISOString().slice(11, 16);
}

/** `YYYY-MM-DD`. */
export function dateText(ms: number): string {
  return new Date(ms + OFFSET_MS).toISOString().slice(0, 10);
}
