/**
 * Merging the visitor's query into the target's by moving raw `name=value` pieces, never by decoding and encoding them again: that would
 * turn `%20` into `+`, `?flag` into `?flag=` and drop duplicates, and break every signed address.
 */
import type { QueryMode } from './records.ts';
import { unescapeBytes } from './slug.ts';

/**
 * Both queries come without their `?`, in ASCII; so does the answer, undefined where there is nothing to say. The target's pieces stand
 * first, the visitor's after them, each in its own order. Names are compared decoded, by bytes.
 */
export function mergeQuery(
  target: string | undefined,
  incoming: string | undefined,
  mode: QueryMode,
  allow?: readonly string[],
): string | undefined {
  if (mode === 'off' || !incoming) return target;
  let ours = target ? target.split('&') : [];
  let theirs = incoming.split('&');
  if (allow) {
    const passes = allowance(allow);
    theirs = theirs.filter((piece) => passes(nameOf(piece)));
  }
  if (theirs.length === 0) return target;
  if (ours.length > 0 && mode !== 'append') {
    const winning = new Set((mode === 'incoming-wins' ? theirs : ours).map(nameOf));
    winning.delete('');
    const without = (pieces: string[]) => pieces.filter((piece) => !winning.has(nameOf(piece)));
    if (mode === 'incoming-wins') ours = without(ours);
    else theirs = without(theirs);
  }
  return [...ours, ...theirs].join('&');
}

function nameOf(piece: string): string {
  const equals = piece.indexOf('=');
  return unescapeBytes((equals < 0 ? piece : piece.slice(0, equals)).replaceAll('+', ' '));
}

/** `utm_*` stands for every name with that beginning. */
function allowance(allow: readonly string[]): (name: string) => boolean {
  const names = allow.map((entry) => Buffer.from(entry).toString('latin1'));
  const beginnings = names.flatMap((name) => (name.endsWith('*') ? name.slice(0, -1) : []));
  const exact = new Set(names);
  return (name) => exact.has(name) || beginnings.some((beginning) => name.startsWith(beginning));
}
