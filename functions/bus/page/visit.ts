/** Who looks at a page, in which language, and where: what every view is given. */
import type { Context as HonoContext } from 'hono';
import type { Context } from '../context.ts';
import { LANGUAGE_NAMES, type Lang, type Say, sayIn } from './messages/index.ts';

export interface Visit {
  lang: Lang;
  say: Say;
  /** See Runtime.prefix. */
  prefix: string;
  /** Path within the function, and query. */
  path: string;
  query: URLSearchParams;
  /** Milliseconds since the epoch. */
  now: number;
  /** Set where the visitor chose a language just now. */
  cookie?: string;
  config: Context['config'];
}

const YEAR_S = 365 * 86_400;
const COOKIE = 'bus-lang';

export function visitOf(c: HonoContext, { prefix, clock, config }: Context): Visit {
  const { pathname, searchParams, protocol } = new URL(c.req.url);
  const chosen = searchParams.get('lang') ?? undefined;
  const lang = languageOf(chosen, c.req.header('Cookie'), c.req.header('Accept-Language'));
  const secure = protocol === 'https:' || c.req.header('X-Forwarded-Proto') === 'https' ? '; Secure' : '';
  return {
    lang,
    say: sayIn(lang),
    prefix,
    path: pathname,
    query: searchParams,
    now: clock.now(),
    config,
    ...(chosen === lang && {
      cookie: `${COOKIE}=${lang}; Path=${prefix || '/'}; Max-Age=${YEAR_S}; SameSite=Lax${secure}`,
    }),
  };
}

/** What was just chosen, else what was chosen before, else what the browser likes best of what there is, else English. */
export function languageOf(chosen?: string, cookies = '', accepted = ''): Lang {
  const kept = new RegExp(`(?:^|;)\\s*${COOKIE}=(\\w+)`).exec(cookies)?.[1];
  return known(chosen) ?? known(kept) ?? liked(accepted) ?? 'en';
}

/** RFC 9110, section 12.5.4: tags with weights. `zh-Hant-TW` is served as `zh`, since it is the nearest there is. */
function liked(header: string): Lang | undefined {
  const ranges = header
    .slice(0, 500)
    .split(',')
    .map((range) => {
      const [tag = '', ...parameters] = range.trim().toLowerCase().split(';');
      const weight = parameters.map((text) => /^\s*q=(\d(?:\.\d*)?)\s*$/.exec(text)?.[1]).find(Boolean);
      return { lang: known(tag.trim().split('-')[0]), weight: weight === undefined ? 1 : Number(weight) };
    })
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight);
  return ranges.find(({ lang }) => lang)?.lang;
}

function known(text: string | undefined): Lang | undefined {
  return text !== undefined && Object.hasOwn(LANGUAGE_NAMES, text) ? (text as Lang) : undefined;
}
