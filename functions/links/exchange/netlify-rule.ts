/**
 * What one rule of a Netlify file means as a link, or why no link can mean it. The rules come from either of Netlify's two forms.
 *
 * There, both forms of a path with and without a trailing slash are one; `/a/*` answers `/a` as well; a rule without a status is a 301; the
 * visitor's query passes where the target has none. `!` (answer even where a page exists) says nothing here: there are no pages.
 */
import { isAppError } from '#shared/errors.ts';
import { type RedirectStatus, STATUSES } from '#shared/links/records.ts';
import { parsePath, parseSlug, type SlugModes } from '#shared/links/slug.ts';
import type { Draft } from './draft.ts';
import type { Source } from './first-match.ts';
import { resolveTarget } from './resolve-target.ts';

export interface NetlifyRule {
  line: number;
  text: string;
  from: string;
  to?: string;
  status?: number;
  /** Names of query parameters that must be there for the rule to answer. */
  query: string[];
  /** Names of other conditions. */
  conditions: string[];
  /** What the file says of the rule beyond all this, in words. */
  unknown: string[];
}

interface Site {
  /** The domain that the links are for. */
  host: string;
  /** Where relative targets lead. */
  base?: string;
}

interface Judged {
  /** What it answers in the file; absent where that hangs on more than the path, or is not understood. */
  source?: Source;
  draft?: Draft;
  /** Why there is no draft. */
  reason?: string;
}

/** In a target without `:splat`: a name that Netlify would look for in the source. */
export const STRAY_PLACEHOLDER = /[/=]:[a-z]\w*/i;

const AS_NETLIFY: SlugModes = { case: 'sensitive', trailingSlash: 'ignore' };

export function judge(rule: NetlifyRule, site: Site): Judged {
  const source = sourceOf(rule.from, site.host);
  if (typeof source === 'string') return { reason: rule.unknown.join('; ') || source };
  // Without a target, 200 shows the path itself; any other line is one that Netlify does not understand either.
  if (rule.to === undefined && rule.status !== 200)
    return { reason: 'has no target that begins with /, http:// or https://' };
  if (rule.query.length > 0) return { reason: `answers only with a query parameter (${rule.query.join(', ')})` };
  if (rule.conditions.length > 0) return { reason: `answers only under a condition (${rule.conditions.join(', ')})` };
  if (rule.unknown.length > 0) return { source, reason: rule.unknown.join('; ') };
  const { segments } = source;
  if (!segments.every((segment) => segment !== undefined))
    return { source, reason: 'has a :placeholder in its source; a link has fixed segments and a prefix alone' };
  const status = statusOf(rule.status);
  if (typeof status === 'string') return { source, reason: status };
  const target = targetOf(rule.to ?? '', source.wildcard, site.base);
  if ('reason' in target) return { source, reason: target.reason };
  const forwarded = !target.url.replace(/#.*/, '').includes('?');
  const draft: Draft = {
    line: rule.line,
    text: rule.text,
    row: {
      slug: segments.join('/') || '/',
      match: source.wildcard ? 'prefix' : 'exact',
      target: target.url,
      status,
      queryAllow: null,
      // Where the target has a query of its own, the visitor's is dropped.
      ...(!forwarded && { query: 'off' }),
      ...(source.wildcard && { rest: target.splat ? null : 'ignore' }),
    },
    ...(forwarded && { forwarded }),
  };
  // Netlify passes over what leads to itself (`http://host/* https://host/:splat` says no more than "use https").
  if (leadsToItself(source, target, site.host)) return { reason: 'leads to itself' };
  return { source, draft };
}

/** The source, or why it cannot be one. */
function sourceOf(from: string, host: string): Source | string {
  let path = from;
  if (/^https?:/i.test(from)) {
    const url = URL.parse(from);
    if (!url) return 'has a source that is no address';
    if (url.hostname !== host) return `speaks for another host (${url.hostname})`;
    path = from.replace(/^https?:\/\/[^/?#]*/i, '') || '/';
  }
  if (!path.startsWith('/')) return 'has a source that does not begin with /';
  if (/[?#]/.test(path)) return 'has a query or a fragment in its source';
  const wildcard = path.endsWith('/*');
  const texts = path
    .slice(1, wildcard ? -1 : undefined)
    .replace(/\/$/, '')
    .split('/');
  if (texts.some((text) => text.includes('*'))) return 'has a * that is not its whole last segment';
  if (texts.length > 1 && texts.includes('')) return 'has an empty segment in its source';
  const placeholder = (text: string) => /^:[a-z]/i.test(text);
  try {
    const { key } = parseSlug(`/${texts.map((text) => (placeholder(text) ? '_' : text)).join('/')}`, AS_NETLIFY);
    const segments = key === '/' ? [] : key.split('/');
    return {
      segments: segments.map((segment, index) => (placeholder(texts[index] ?? '') ? undefined : segment)),
      wildcard,
    };
  } catch (error) {
    if (!isAppError(error)) throw error;
    return `cannot be a slug: ${error.message}`;
  }
}

function statusOf(status = 301): RedirectStatus | string {
  if (status === 200) return 'has status 200 and shows another page in its place; a link only redirects';
  return STATUSES.find((known) => known === status) ?? `has status ${status}; a link has ${STATUSES.join(', ')}`;
}

/** The target without its `:splat`, which a prefix link appends by itself. */
function targetOf(
  to: string,
  wildcard: boolean,
  base: string | undefined,
): { url: string; splat: boolean } | { reason: string } {
  const [, head = to, tail = ''] = /^([^?#]*\/):splat([?#].*)?$/.exec(to) ?? [];
  const splat = head !== to && wildcard;
  const text = splat ? head + tail : to;
  if (/:splat/.test(text))
    return {
      reason: wildcard
        ? 'has :splat elsewhere than as the last segment of its target'
        : 'has :splat in its target and no * in its source',
    };
  const stray = STRAY_PLACEHOLDER.exec(text)?.[0].slice(1);
  if (stray) return { reason: `has ${stray} in its target, which its source does not name` };
  const resolved = resolveTarget(text, base);
  return 'reason' in resolved ? resolved : { url: resolved.url, splat };
}

function leadsToItself({ segments, wildcard }: Source, target: { url: string; splat: boolean }, host: string): boolean {
  const url = URL.parse(target.url);
  if (!url || url.hostname !== host || wildcard !== target.splat) return false;
  const path = parsePath(url.pathname, AS_NETLIFY);
  return path !== undefined && path.segments.join('/') === segments.join('/');
}
