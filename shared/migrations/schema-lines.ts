/** A schema as lines, one for each thing in it, so that two can be compared by people; and their hash, for where equality is enough. */
import { createHash } from 'node:crypto';

/** One word stays one word, whatever is in it: lines are equal only where the things are. */
const word = (value: unknown) => {
  if (value === null || value === undefined) return '-';
  const text = String(value);
  return /^(?!-$)[^\s"]+$/.test(text) ? text : JSON.stringify(text);
};

/** `column shop.fruit colour "character varying(9)"`. */
export function schemaLine(kind: string, values: readonly unknown[]): string {
  return [kind, ...values.map(word)].join(' ');
}

/** Hex; whatever the order of the lines. */
export function fingerprintOfLines(lines: readonly string[]): string {
  const hash = createHash('sha256');
  for (const line of lines.toSorted()) hash.update(`${line}\n`);
  return hash.digest('hex');
}
