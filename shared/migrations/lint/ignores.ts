/**
 * Comments that silence rules: `-- +job ignore rule, rule` before the first statement is for the whole file, above a later one for that one; squawk's `-- squawk-ignore rule` is for the statement below it, and
 * `-- squawk-ignore-file rule` for the file.
 */
import type { Raised } from './finding.ts';
import { CERTAIN, OF_SQUAWK, RULES } from './rules.ts';

const COMMENT =
  /^[ \t]*(?:--|\/\/|#|\/\*)[ \t]*(\+job[ \t]+ignore|squawk-ignore-file|squawk-ignore)\b[ \t:]*([^\n]*?)(?:\*\/)?[ \t\r]*$/gm;

/** Characters of one comment's list. */
const MOST_LIST = 2_000;

interface Range {
  start: number;
  end: number;
}

/** What is left of the findings of one file, and what is wrong with the comments themselves. */
export function heedIgnores(text: string, ranges: readonly Range[], raised: readonly Raised[]): Raised[] {
  const everywhere = new Set<string>();
  const at = new Map<Range, Set<string>>();
  const own: Raised[] = [];
  for (const found of text.matchAll(COMMENT)) {
    const [whole, how = '', list = ''] = found;
    const offset = found.index;
    // Within a statement it may be part of a text.
    const before = lastBefore(ranges, offset);
    if (before >= 0 && offset < (ranges[before]?.end ?? 0)) continue;
    const job = how.startsWith('+');
    const rules = list
      .slice(0, MOST_LIST)
      .split(/[\s,]+/)
      .filter(Boolean);
    if (rules.length === 0 && job) own.push(unknown(offset, 'it names no rule'));
    for (const rule of rules)
      if (!(rule in RULES || (!job && OF_SQUAWK.has(rule))))
        own.push(unknown(offset + whole.lastIndexOf(rule), `there is no rule ${rule.slice(0, 60)}`));
    const next = ranges[before + 1];
    if (how === 'squawk-ignore-file' || (job && (next === ranges[0] || !next)))
      for (const rule of rules) everywhere.add(rule);
    else if (next) at.set(next, new Set([...(at.get(next) ?? []), ...rules]));
  }
  const heeded = raised.filter(({ rule, offset }) => {
    if (CERTAIN.has(rule)) return true;
    if (everywhere.has(rule)) return false;
    const range = ranges[lastBefore(ranges, offset)];
    return !(range && at.get(range)?.has(rule));
  });
  return [...heeded, ...own.filter(({ rule }) => !everywhere.has(rule))];
}

/** The last that begins at this offset or before, by halving; -1 where none does. */
function lastBefore(ranges: readonly Range[], offset: number): number {
  let low = -1;
  let high = ranges.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((ranges[middle] as Range).start <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

const unknown = (offset: number, message: string): Raised => ({ rule: 'unknown-rule', offset, message });
