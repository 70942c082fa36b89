/**
 * Kubernetes' MicroTime: RFC 3339 with exactly six digits of a second. Its API server refuses any other number of them, also the three of
 * `Date#toISOString()`, and a lease written like that would be held by nobody for ever.
 *
 * Here it is a number: whole microseconds since the Unix epoch.
 */
const PATTERN = /^(?<second>\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d)(?:\.(?<fraction>\d+))?(?<zone>[Zz]|[+-]\d\d:\d\d)$/;

/** Throws a RangeError outside the years 1685 to 2254, of which a number can tell every microsecond. */
export function formatMicroTime(micros: number): string {
  if (!Number.isSafeInteger(micros)) throw new RangeError(`no time that a number tells to the microsecond: ${micros}`);
  const millis = Math.floor(micros / 1_000);
  const rest = String(micros - millis * 1_000).padStart(3, '0');
  return `${new Date(millis).toISOString().slice(0, -1)}${rest}Z`;
}

/** Any RFC 3339 time of those years with any number of digits, those after the sixth left out; undefined for everything else. */
export function parseMicroTime(text: unknown): number | undefined {
  const { second, fraction = '', zone } = (typeof text === 'string' && PATTERN.exec(text)?.groups) || {};
  if (second === undefined) return undefined;
  const millis = Date.parse(`${second}${zone}`.toUpperCase());
  const micros = millis * 1_000 + Number(fraction.slice(0, 6).padEnd(6, '0'));
  return Number.isSafeInteger(micros) ? micros : undefined;
}
