/** What a command prints. Data may hold anything, so nothing of it reaches a terminal but text. */

/** The same text in one line: control characters, and those that turn text around, are made spaces. */
export function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Bidi_Control}]+/gu, ' ').trim();
}

/** Prints one line. */
export function say(text: string): void {
  process.stdout.write(`${oneLine(text)}\n`);
}

export function sayJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}
