/** What a link is as a rule of a Netlify file, or why no rule can say it. The opposite of netlify-rule.ts. */
import type { Domain, Link } from '#shared/links/records.ts';
import { STRAY_PLACEHOLDER } from './netlify-rule.ts';

export interface WrittenRule {
  from: string;
  to: string;
  status: number;
}

/**
 * One rule, two, or the reason. Two where a prefix appends to a target without a slash at its end: `/a/* https://example.com/b/:splat`
 * would lead `/a` to `/b/`.
 */
export function express(link: Link, domain: Domain): WrittenRule[] | string {
  const [, path = '', search = '', fragment = ''] = /^([^?#]*)(\?[^#]*)?(#.*)?$/.exec(link.target) ?? [];
  const status = link.status ?? domain.defaultStatus;
  const reason = [
    link.validFrom !== undefined && 'begins at a time',
    link.validUntil !== undefined && 'ends at a time',
    link.clickLimit !== undefined && 'has a click limit',
    status !== 301 && status !== 302 && `has status ${status}, where a rule redirects with 301 or 302`,
    queryReason(link, search !== ''),
    link.slug.includes('//') && 'has an empty segment',
    STRAY_PLACEHOLDER.test(link.target) && 'has a colon in its target where a rule would see a placeholder',
  ].filter((found) => found !== false);
  if (reason.length > 0) return reason.join(', ');
  const from = sourceOf(link);
  if (link.match === 'exact' || link.rest === 'ignore') return [{ from, to: link.target, status }];
  const appended = { from, to: `${path}${path.endsWith('/') ? '' : '/'}:splat${search}${fragment}`, status };
  return path.endsWith('/')
    ? [appended]
    : [{ from: sourceOf({ ...link, match: 'exact' }), to: link.target, status }, appended];
}

/** A rule passes the visitor's query on where its target has none, and drops it where it has one. */
function queryReason({ query, queryAllow }: Link, hasOwn: boolean): string | false {
  if (hasOwn) return query !== 'off' && `merges the visitor's query into its own (${query})`;
  if (query === 'off') return "drops the visitor's query";
  return queryAllow !== undefined && "passes only some of the visitor's query";
}

/** The path in ASCII, with a `*` or a leading `:` encoded, which are text in a slug. */
export function sourceOf({ slug, match }: Pick<Link, 'slug' | 'match'>): string {
  const path = slug
    .replaceAll(/[^!-~]/gu, encodeURIComponent)
    .replaceAll('*', '%2A')
    .replaceAll(/(?<=^|\/):/g, '%3A');
  const rooted = slug === '/' ? '/' : `/${path}`;
  return match === 'exact' ? rooted : `${rooted.replace(/\/$/, '')}/*`;
}
