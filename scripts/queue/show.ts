/** Dead letters as people read them. Events may hold anything, so nothing of them reaches a terminal but text. */
import type { DeadLetter } from '#shared/queue/queue.ts';
import { oneLine } from '../command/print.ts';

export interface Row {
  id: string;
  type: string;
  attempts: number;
  at: string;
  reason: string;
}

/** A line for each, as wide as the terminal at most; with all of it where nobody looks. */
export function sayTable(rows: readonly Row[], columns = process.stdout.columns ?? Number.POSITIVE_INFINITY): void {
  if (rows.length === 0) return;
  const head = ['ID', 'TYPE', 'ATTEMPTS', 'WHEN', 'REASON'];
  const lines = [head, ...rows.map(({ id, type, attempts, at, reason }) => [id, type, String(attempts), at, reason])];
  const cells = lines.map((line) => line.map(oneLine));
  const widths = head.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)));
  for (const line of cells) {
    const text = line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
    process.stdout.write(`${text.length > columns ? `${text.slice(0, columns - 1)}…` : text}\n`);
  }
}

/** What is known of each, and its event as JSON. */
export function sayLetters(letters: readonly DeadLetter[]): void {
  const texts = letters.map(({ id, event, attempts, at, reason }) =>
    [
      `id        ${oneLine(id)}`,
      `attempts  ${attempts}`,
      `when      ${at}`,
      `reason    ${oneLine(reason)}`,
      `event     ${visible(JSON.stringify(event, null, 2))}`,
    ].join('\n'),
  );
  if (texts.length > 0) process.stdout.write(`${texts.join('\n\n')}\n`);
}

/** JSON escapes some control characters itself, but not those that steer a terminal in one byte more. */
function visible(json: string): string {
  return json.replaceAll(
    /[^\P{Cc}\n]|\p{Bidi_Control}/gu,
    (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );
}
