/** Numbers, versions, times and ids as they are typed; each throws a UsageError that says what it takes. */
import type { ParseArgsConfig } from 'node:util';
import type { Version } from '#shared/migrations/migration.ts';
import { parseTyped, UsageError } from '../command/usage.ts';

const MOST_VERSION = 2n ** 64n - 1n;
export const MOST_STEPS = 1_000_000;
/** No version: what golang-migrate's `force` takes. */
export const MINUS_ONE = '-1';

export function version(command: string, given: string | undefined): Version {
  if (given === undefined) throw new UsageError(`${command} needs a version`);
  if (given === MINUS_ONE)
    throw new UsageError(`-1, which is none, is for force alone${command === 'goto' ? '; down leads there' : ''}`);
  if (!/^\d{1,20}$/.test(given) || BigInt(given) > MOST_VERSION)
    throw new UsageError(`a version is a whole number from 0 to ${MOST_VERSION}, not ${JSON.stringify(given)}`);
  return BigInt(given);
}

export function whole(what: string, given: string, most: number): number {
  if (!/^\d{1,7}$/.test(given) || Number(given) < 1 || Number(given) > most)
    throw new UsageError(`${what} takes a whole number from 1 to ${most}, not ${JSON.stringify(given)}`);
  return Number(given);
}

/** Milliseconds, of `15s`, `500ms`, `2m` or bare seconds. */
export function duration(given: string): number {
  const [, number, unit = 's'] = /^(\d{1,6})(ms|s|m)?$/.exec(given) ?? [];
  const ms = Number(number) * { ms: 1, s: 1_000, m: 60_000 }[unit as 'ms' | 's' | 'm'];
  if (!(ms >= 100 && ms <= 600_000))
    throw new UsageError(`--lock-timeout must be a time from 100ms to 10m, such as 15s, not ${JSON.stringify(given)}`);
  return ms;
}

/** US dollars, of `0.50`. */
export function dollars(given: string): number {
  if (!/^\d{1,6}(?:\.\d{1,6})?$/.test(given))
    throw new UsageError(`--max-cost takes US dollars, such as 0.50, not ${JSON.stringify(given)}`);
  return Number(given);
}

const MARK = 'typed:';
/** Numbers below zero, and ids, which are longer than any option. */
const HYPHENED = /^-(?:\d{1,20}|\w[\w-]{18,98})$/;

/** As `parseTyped`; what may begin with a hyphen is not taken for an option, and is answered as it was typed. */
export function parseHyphened<const O extends NonNullable<ParseArgsConfig['options']>>(
  args: readonly string[],
  options: O,
) {
  const marked = args.map((arg) => (HYPHENED.test(arg) ? `${MARK}${arg}` : arg));
  const parsed = parseTyped(marked, options);
  const typed = <T>(given: T): T =>
    (typeof given === 'string' && given.startsWith(`${MARK}-`) ? given.slice(MARK.length) : given) as T;
  for (const [name, value] of Object.entries(parsed.values))
    Object.assign(parsed.values, { [name]: Array.isArray(value) ? value.map(typed) : typed(value) });
  return { ...parsed, positionals: parsed.positionals.map(typed) };
}

export function id(command: string, of: 'run' | 'rollout', given = ''): string {
  if (!/^[\w-]{1,100}$/.test(given)) throw new UsageError(`${command} needs the id of a ${of}`);
  return given;
}
