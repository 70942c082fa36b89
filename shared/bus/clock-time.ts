/** `2400` and `0012` as people read them: `00:00` and `00:12`. What is no time stays as LTA wrote it. */
export function clockTime(text: string): string {
  if (!/^\d{4}$/.test(text)) return text;
  const hour = Number(text.slice(0, 2)) % 24;
  return `${String(hour).padStart(2, '0')}:${text.slice(2)}`;
}
