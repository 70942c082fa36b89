/**
 * Who is signed in to pages: the API key itself, in a cookie that scripts cannot read and other sites cannot send. Whoever gets it checks it with each call.
 *
 * All pages of an installation share it, so that one sign-in serves them all.
 */
import type { Context } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { AppError } from '../errors.ts';

const COOKIE = 'hawker-session';

export interface Session {
  key(c: Context): string | undefined;
  open(c: Context, key: string): void;
  close(c: Context): void;
}

/**
 * `prefix` is where the pages are, without a trailing slash: `/hawker/links` or '' at the root. The cookie is good for the folder that this is in, since functions of one host
 * stand side by side. `secure`: whether they are known to be reached by https alone.
 */
export function createSession(prefix: string, secure: boolean): Session {
  const options = (c: Context) =>
    ({
      path: prefix.slice(0, prefix.lastIndexOf('/') + 1) || '/',
      httpOnly: true,
      sameSite: 'Strict',
      secure: secure || c.req.header('X-Forwarded-Proto') === 'https',
    }) as const;
  return {
    key: (c) => {
      const key = getCookie(c, COOKIE);
      return key !== undefined && canBeKey(key) ? key : undefined;
    },
    open: (c, key) => setCookie(c, COOKIE, key, options(c)),
    close: (c) => {
      deleteCookie(c, COOKIE, options(c));
    },
  };
}

/** Whether a header can carry it. */
export const canBeKey = (text: string): boolean => /^[!-~]+$/.test(text);

/** Refuses a form that another site sent. Browsers say where a form comes from; a client that says nothing has no cookie to abuse. */
export function requireOwnForm(c: Context): void {
  const site = c.req.header('Sec-Fetch-Site');
  const origin = c.req.header('Origin');
  const foreign =
    site !== undefined
      ? !['same-origin', 'none'].includes(site)
      : origin !== undefined && URL.parse(origin)?.host !== c.req.header('Host');
  if (foreign) throw new AppError('forbidden', 'This form was sent from another site');
}
