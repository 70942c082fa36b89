/**
 * The Location of a link's redirect: the target, the rest of the path behind it byte for byte where the link is a prefix, the query
 * spliced in before the fragment. Whatever the visitor sends, the result keeps the target's origin and stays at or below its path.
 */
import { mergeQuery } from './query.ts';
import type { Link } from './records.ts';
import { unescapeBytes } from './slug.ts';

/**
 * `rest` is what follows the link's slug in the request, empty or starting with `/`; `query` the request's, without `?`. Both in ASCII.
 * Undefined where the rest would climb: nothing is there.
 */
export function buildLocation(
  link: Pick<Link, 'target' | 'query' | 'queryAllow' | 'rest'>,
  rest: string,
  query: string | undefined,
): string | undefined {
  const { base, search, fragment } = splitTarget(link.target);
  // One slash at the join: a rest can then never begin `//host`.
  const tail = link.rest === 'ignore' ? '' : rest.replace(/^\/+/, '');
  if (climbs(tail)) return undefined;
  const path = rest === '' || link.rest === 'ignore' ? base : `${base}${base.endsWith('/') ? '' : '/'}${tail}`;
  const merged = mergeQuery(search, query, link.query, link.queryAllow);
  const location = `${path}${merged === undefined ? '' : `?${merged}`}${fragment}`;
  return path === base || staysBelow(location, base) ? location : undefined;
}

/** A serialised http or https address in its parts; `fragment` with its `#`, `search` without its `?`. */
function splitTarget(target: string): { base: string; search: string | undefined; fragment: string } {
  const hash = target.indexOf('#');
  const fragment = hash < 0 ? '' : target.slice(hash);
  const address = hash < 0 ? target : target.slice(0, hash);
  const mark = address.indexOf('?');
  return mark < 0
    ? { base: address, search: undefined, fragment }
    : { base: address.slice(0, mark), search: address.slice(mark + 1), fragment };
}

/** Whether any server could read a `.` or `..` out of it: plain, encoded, cut off by an encoded slash, a backslash or a path parameter. */
function climbs(rest: string): boolean {
  if (!/\.|%2e/i.test(rest)) return false;
  return unescapeBytes(rest)
    .split(/[/\\;]/)
    .some((part) => part === '.' || part === '..');
}

/** The last word belongs to the parser that browsers use. */
function staysBelow(location: string, base: string): boolean {
  const url = URL.parse(location);
  const root = URL.parse(base);
  return url !== null && root !== null && url.origin === root.origin && url.pathname.startsWith(root.pathname);
}
