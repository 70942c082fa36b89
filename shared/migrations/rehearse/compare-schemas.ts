/** How two schemas differ, line by line, in words. */

export interface Difference {
  /** In the second alone. */
  leftOver: readonly string[];
  /** In the first alone. */
  missing: readonly string[];
}

const MOST_TOLD = 20;

export function compareSchemas(expected: readonly string[], found: readonly string[]): Difference {
  return { leftOver: without(found, expected), missing: without(expected, found) };
}

/** What of it was not there before: whatever a step left wrong shows in all that follow, and is one's fault alone. */
export function newDifference(now: Difference, before: Difference): Difference {
  return { leftOver: without(now.leftOver, before.leftOver), missing: without(now.missing, before.missing) };
}

/** `left over: index ...; missing: column ...`; undefined where there is none. */
export function differenceText({ leftOver, missing }: Difference): string | undefined {
  const parts = [listed('left over', leftOver), listed('missing', missing)].filter(Boolean);
  return parts.length > 0 ? parts.join('; ') : undefined;
}

/** A line may be there several times. */
function without(lines: readonly string[], others: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const line of others) counts.set(line, (counts.get(line) ?? 0) + 1);
  return lines.filter((line) => {
    const left = counts.get(line) ?? 0;
    if (left > 0) counts.set(line, left - 1);
    return left === 0;
  });
}

function listed(what: string, lines: readonly string[]): string {
  if (lines.length === 0) return '';
  // A whole table is told by its own line; what belongs to it goes without saying.
  const whole = lines.flatMap((line) => {
    const [kind, ...words] = line.split(' ');
    if (kind === 'relation') return [` ${words.slice(0, 2).join(' ')} `];
    return kind === 'table' ? [` ${words[0]} `] : [];
  });
  const told = lines
    .filter((line) => {
      const at = line.indexOf(' ');
      return /^(?:table|relation) /.test(line) || !whole.some((table) => `${line.slice(at)} `.startsWith(table));
    })
    .toSorted();
  const more = told.length > MOST_TOLD ? `, and ${told.length - MOST_TOLD} more` : '';
  return `${what}: ${told.slice(0, MOST_TOLD).join(', ')}${more}`;
}
