/** Numbers, versions, times and ids as they are typed; each throws a UsageError that says what it takes. */
import type { Version } from '#shared/migrations/migration.ts';
import { UsageError } from '../command/usage.ts';

const MOST_VERSION = 2n ** 64n - 1n;
export const MOST_STEPS = 1_000_000;

export function version(command: string, given: string | undefined): Version {
  if (given === undefined) throw new UsageError(`${command} needs a version`);
  if (given === 'none')
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

const ID = 'id:';

/** Ids may begin with a hyphen, and are longer than any option. */
export function markId(arg: string): string {
  return /^-\w[\w-]{18,98}$/.test(arg) ? `${ID}${arg}` : arg;
}

export function id(command: string, of: 'run' | 'rollout', given = ''): string {
  const found = given.startsWith(ID) ? given.slice(ID.length) : given;
  if (!/^[\w-]{1,100}$/.test(found)) throw new UsageError(`${command} needs the id of a ${of}`);
  return found;
}
