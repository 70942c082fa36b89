/** What a schema's rules say where they have no words of their own: for people who know of no types, and without the name of a library. */
import type * as z from 'zod';

const KINDS: Record<string, string> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  null: 'null',
};
/** What a size is counted in. */
const UNITS: Record<string, string> = { string: 'characters', array: 'items', object: 'fields', record: 'fields' };

/** Rules that a value which is not there breaks first. */
const CAN_BE_MISSING: ReadonlySet<string> = new Set(['invalid_type', 'invalid_value', 'invalid_union']);

/** Undefined for rarer rules, which the library words. */
export function inPlainWords(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.input === undefined && CAN_BE_MISSING.has(issue.code)) return 'is missing';
  switch (issue.code) {
    case 'invalid_type':
      return wrongKind(issue.expected);
    case 'too_small':
      return sized(issue.origin, issue.inclusive === false ? 'more than' : 'at least', issue.minimum);
    case 'too_big':
      return sized(issue.origin, issue.inclusive === false ? 'less than' : 'at most', issue.maximum);
    case 'invalid_value':
      return issue.values.length === 1
        ? `must be ${String(issue.values[0])}`
        : `must be one of ${issue.values.map(String).join(', ')}`;
    default:
      return undefined;
  }
}

function wrongKind(expected: string): string | undefined {
  const kind = KINDS[expected];
  return kind && `must be ${kind}`;
}

function sized(origin: string, bound: string, size: number | bigint): string {
  const unit = UNITS[origin];
  return unit ? `must have ${bound} ${size} ${size === 1 ? unit.slice(0, -1) : unit}` : `must be ${bound} ${size}`;
}
