/** An error as text: what it says and what lies behind it; of one that nobody foresaw, with the stacks that lead to it. */
import { isAppError } from '../errors.ts';
import { isUnexpected } from './error-report.ts';

/** How far causes are followed, and how many errors of one AggregateError are told. */
const MOST_CAUSES = 5;
const MOST_ERRORS = 5;
/** Characters of one error's own text: more than any line has room for, so what is cut here is never where a line ends (redact.ts). */
const MOST_OWN = 40_000;

/** Its own properties are left out: libraries keep whole requests there, headers and all. What was foreseen has no stack: where it was thrown tells nobody anything, and anybody may cause it. */
export function errorText(error: unknown): string {
  return told(error, { left: MOST_CAUSES, seen: new Set(), stacks: isUnexpected(error) });
}

/** In one line, for where a stack is too much. */
export function errorLine(error: unknown): string {
  const [name, message] = [read(error, 'name'), read(error, 'message')];
  if (!(error instanceof Error)) return shown(error);
  return message ? `${name || 'Error'}: ${message}` : name || 'Error';
}

interface Telling {
  /** How many more causes are followed. */
  left: number;
  seen: Set<unknown>;
  /** Whether what nobody foresaw has its stack. */
  stacks: boolean;
}

function told(error: unknown, telling: Telling): string {
  if (!(error instanceof Error)) return shown(error);
  const { left, seen, stacks } = telling;
  if (seen.has(error)) return '(told above)';
  seen.add(error);
  const own = stacks && isUnexpected(error) ? stackOf(error) : coded(error);
  if (left === 0) return own;
  const behind = { ...telling, left: left - 1 };
  const errors = property(error, 'errors');
  const inner = Array.isArray(errors)
    ? errors.slice(0, MOST_ERRORS).map((each) => `\none of ${errors.length}: ${told(each, behind)}`)
    : [];
  const cause = property(error, 'cause');
  // What is no error is for programs, such as a database's code, and may hold anything.
  if (cause instanceof Error || typeof cause === 'string') inner.push(`\ncaused by: ${told(cause, behind)}`);
  return `${own}${inner.join('')}`;
}

function stackOf(error: Error): string {
  const line = coded(error);
  const stack = read(error, 'stack') || line;
  // A message that was changed after the error was made is not in its stack.
  return stack.includes(read(error, 'message')) ? stack : `${line}\n${stack}`;
}

function coded(error: Error): string {
  return isAppError(error) ? `${errorLine(error)} (${error.code})` : errorLine(error);
}

function read(error: unknown, name: string): string {
  const value = property(error, name);
  return typeof value === 'string' ? value.slice(0, MOST_OWN) : '';
}

/** A getter may throw, and what is thrown may be anything. */
function property(error: unknown, name: string): unknown {
  try {
    return (error as Record<string, unknown> | null | undefined)?.[name];
  } catch {
    return undefined;
  }
}

function shown(value: unknown): string {
  if (typeof value === 'string') return value.slice(0, MOST_OWN);
  if (typeof value === 'object' && value !== null) return `(an object, not an Error: ${nameOf(value)})`;
  return String(value);
}

function nameOf(value: object): string {
  try {
    return value.constructor?.name ?? 'Object';
  } catch {
    return 'Object';
  }
}
