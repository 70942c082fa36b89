/** What a setting is, and how its text becomes a value; each reader throws the rule that a text breaks ("must be ..."). */

export interface Setting<T> {
  /** One sentence for README. */
  about: string;
  /** What the default is, in words where it is not a plain value. */
  fallback?: string;
  secret?: boolean;
  /** Turns the text into a value or throws an Error whose message is the rule it breaks ("must be ..."). `undefined`: not set, or empty. */
  read: (text: string | undefined) => T;
}

export const setting = <T>(given: Setting<T>) => given;

export const oneOf =
  <const T extends string>(values: readonly T[], fallback: T) =>
  (text: string | undefined): T => {
    const found = values.find((value) => value === (text ?? fallback));
    if (!found) throw new Error(`must be ${values.join(' or ')}`);
    return found;
  };

export function trueOrFalse(text: string | undefined): boolean {
  const word = text?.toLowerCase() ?? 'false';
  if (word !== 'true' && word !== 'false') throw new Error('must be true or false');
  return word === 'true';
}

export const wholeNumber = (least: number, most: number, fallback: number) => (text: string | undefined) => {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least || value > most)
    throw new Error(`must be a whole number from ${least} to ${most}`);
  return value;
};

export const optional =
  (pattern: RegExp, rule: string) =>
  (text: string | undefined): string | undefined => {
    if (text !== undefined && !pattern.test(text)) throw new Error(`must be ${rule}`);
    return text;
  };

export const list =
  (valid: (item: string) => boolean, rule: string) =>
  (text: string | undefined): string[] => {
    const items = (text ?? '').split(',').flatMap((item) => item.trim() || []);
    if (!items.every(valid)) throw new Error(`must be a comma-separated list of ${rule}`);
    return items;
  };

export const HOST_PATTERN = /^(?:\[[0-9a-f:.]+\]|[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)$/i;

const ON_THIS_MACHINE = /^(?:(?:[a-z0-9-]+\.)*localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** Without a trailing slash. Plain http would show what is sent to everybody on the way. */
export function baseAddress(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const safe = url && (url.protocol === 'https:' || (url.protocol === 'http:' && ON_THIS_MACHINE.test(url.hostname)));
  if (!safe || url.username || url.password || url.search || url.hash)
    throw new Error('must be an https address without query, or an http one on this machine');
  return url.href.replace(/\/+$/, '');
}

/** A date that exists, with or without `-` in front. */
export function isDay(text: string): boolean {
  const date = text.replace(/^-/, '');
  const ms = /^\d{4}-\d\d-\d\d$/.test(date) ? Date.parse(`${date}T00:00:00Z`) : Number.NaN;
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(date);
}

export function mapTiles(text: string): string {
  const places = ['{z}', '{x}', '{y}'];
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const safe = url && (url.protocol === 'https:' || (url.protocol === 'http:' && ON_THIS_MACHINE.test(url.hostname)));
  if (!safe || /[\s;,'"]/.test(text) || places.some((place) => !text.includes(place)))
    throw new Error('must be an https address with {z}, {x} and {y} in it');
  return text;
}

/** A collector stands beside the process or in its cluster, where plain http is the rule; what is sent there holds no secrets. Without a trailing slash. */
export function collectorAddress(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password || url.search || url.hash)
    throw new Error('must be an http or https address without user, query or fragment');
  return url.href.replace(/\/+$/, '');
}

/** Where a path for each kind of telemetry is put behind what is given. */
export function otlpAddress(text: string): string {
  const address = collectorAddress(text);
  const path = /\/v1\/(?:traces|metrics)$/.exec(address)?.[0];
  if (path) throw new Error(`must be without ${path}: Hawker adds it`);
  return address;
}

/** `name=value,name=value`, values percent-encoded: https://opentelemetry.io/docs/specs/otel/protocol/exporter/#specifying-headers-via-environment-variables */
function pairList(text: string | undefined): Record<string, string> {
  const pairs = (text ?? '').split(',').flatMap((pair) => pair.trim() || []);
  return Object.fromEntries(
    pairs.map((pair) => {
      const [, name = '', value = ''] = /^([A-Za-z0-9!#$%&'*+.^_`|~-]+)=(.*)$/.exec(pair) ?? [];
      try {
        const decoded = decodeURIComponent(value.trim());
        if (name !== '' && /^[\t\x20-\x7e]*$/.test(decoded)) return [name, decoded];
      } catch {
        // Not percent-encoded: the rule says so.
      }
      throw new Error('must be name=value pairs with commas between, values percent-encoded');
    }),
  );
}

/** Names by which metrics and logs are asked for, and which are the same in all places for that reason. */
const OWN_ATTRIBUTES = ['service.name', 'service.namespace', 'service.instance.id'];

export function resourceAttributes(text: string | undefined): Record<string, string> {
  const pairs = pairList(text);
  if (OWN_ATTRIBUTES.some((name) => name in pairs))
    throw new Error(`must be without ${OWN_ATTRIBUTES.join(', ')}: Hawker sets them`);
  return pairs;
}

/** Pairs whose names are those of HTTP headers, which are the same in any case. */
export function headerList(text: string | undefined): Record<string, string> {
  return Object.fromEntries(Object.entries(pairList(text)).map(([name, value]) => [name.toLowerCase(), value]));
}

export function traceAddress(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password || !text.includes('{traceId}'))
    throw new Error('must be an http or https address with {traceId} in it');
  return text;
}
