/** How the text of a setting becomes a value; each throws the rule that a text breaks ("must be ..."). */

export const oneOf =
  <const T extends string>(values: readonly T[], fallback: T) =>
  (text: string | undefined): T => {
    const found = values.find((value) => value === (text ?? fallback));
    if (!found) throw new Error(`must be ${values.join(' or ')}`);
    return found;
  };

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
