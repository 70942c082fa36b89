/** The console: what people see at the root of this function. It keeps nothing and decides nothing; the API does both. */
import type { Context } from 'hono';
import type { Runtime } from '#shared/define.ts';
import type { App } from '#shared/http/app.ts';
import { decodeText, readBody } from '#shared/http/body.ts';
import { pageResponse } from '#shared/http/page.ts';
import { canBeKey, createSession, requireOwnForm } from '#shared/http/session.ts';
import { type ApiClient, createApiClient } from './api-client.ts';
import {
  type DomainPageView,
  type DomainView,
  domainHref,
  domainPage,
  domainsPage,
  type ImportView,
  type LinkView,
  linkHref,
  linkPage,
  type StatsView,
  signInPage,
} from './pages.ts';

interface Page<T> {
  items: T[];
  nextCursor?: string;
}

/** How a page is shown after a form: what to say, with which status, and what had been typed. */
interface Shown {
  notice?: string;
  status?: number;
  typed?: Record<string, string>;
}

const LIST = 50;
/** Bytes of a form, and of one with a file's text, as browsers send them: percent-encoded. The API takes longer files. */
const FORM = 64 * 1024;
const FILE_FORM = 16 * 1024 * 1024;

export function consoleRoutes(app: App, { config, prefix }: Pick<Runtime, 'config' | 'prefix'>): void {
  const session = createSession(prefix, config.cloudRun);
  const signIn = (notice?: string, status = 200) => pageResponse(signInPage({ prefix, notice }), status);

  /** Runs `handle` for whoever is signed in; asks everybody else to. */
  const signedIn = (handle: (c: Context, api: ApiClient) => Promise<Response>) => async (c: Context) => {
    if (c.req.method !== 'GET') requireOwnForm(c);
    const key = session.key(c);
    if (key === undefined) return signIn();
    return handle(
      c,
      createApiClient((request) => app.fetch(request), key),
    );
  };

  const showDomains = async (c: Context, api: ApiClient, { notice, status, typed }: Shown = {}) => {
    const cursor = c.req.query('cursor');
    const { ok, body, trouble, ...reply } = await api.call<Page<DomainView>>(
      'GET',
      `/v1/domains?limit=${LIST}${cursor ? `&cursor=${encodeURIComponent(cursor)}` : ''}`,
    );
    if (reply.status === 401) {
      c.res = await signIn('That key is not valid any more.', 401);
      session.close(c);
      return c.res;
    }
    if (!ok) return pageResponse(domainsPage({ prefix, notice: trouble }, [], undefined), reply.status);
    return pageResponse(domainsPage({ prefix, notice, typed }, body.items, body.nextCursor), status);
  };

  const showDomain = async (
    c: Context,
    api: ApiClient,
    { notice, status: answer, typed, report }: Shown & { report?: ImportView } = {},
  ) => {
    const host = c.req.param('host') ?? '';
    const search = c.req.query('q') ?? '';
    const query = new URLSearchParams({ limit: String(LIST), ...(search && { q: search }) });
    const cursor = c.req.query('cursor');
    if (cursor) query.set('cursor', cursor);
    const { ok, body, trouble, status } = await api.call<Page<LinkView>>('GET', `${apiPath(host)}/links?${query}`);
    if (!ok) return showDomains(c, api, { notice: trouble, status });
    const view: DomainPageView = { host, links: body.items, next: body.nextCursor, search, report };
    return pageResponse(domainPage({ prefix, notice, typed }, view), answer);
  };

  const showLink = async (c: Context, api: ApiClient, { notice, status, typed }: Shown = {}) => {
    const host = c.req.param('host') ?? '';
    const path = linkApiPath(c);
    const [link, byDay, byLabel] = await Promise.all([
      api.call<LinkView>('GET', path),
      api.call<StatsView>('GET', path.replace('?', '/stats?')),
      api.call<StatsView>('GET', `${path.replace('?', '/stats?')}&by=label`),
    ]);
    if (!link.ok) return showDomain(c, api, { notice: link.trouble, status: link.status });
    if (!byDay.ok || !byLabel.ok) return showDomain(c, api, { notice: byDay.trouble || byLabel.trouble, status: 503 });
    return pageResponse(linkPage({ prefix, notice, typed }, host, link.body, byDay.body, byLabel.body), status);
  };

  app.get(
    '/',
    signedIn((c, api) => showDomains(c, api)),
  );
  app.get(
    '/domains/:host',
    signedIn((c, api) => showDomain(c, api)),
  );
  app.get(
    '/domains/:host/links/:slug',
    signedIn((c, api) => showLink(c, api)),
  );

  // A form that was refused is shown again where it was sent to; opening that address again, as reloading does, leads to its page.
  const toDomain = (c: Context) => c.redirect(domainHref(prefix, c.req.param('host') ?? ''), 303);
  const toLink = (c: Context) => c.redirect(linkHref(prefix, c.req.param('host') ?? '', linkOf(c)), 303);
  for (const path of ['/sign-in', '/domains']) app.get(path, (c) => c.redirect(`${prefix}/`, 303));
  for (const form of ['links', 'import', 'remove']) app.get(`/domains/:host/${form}`, toDomain);
  for (const form of ['edit', 'remove']) app.get(`/domains/:host/links/:slug/${form}`, toLink);

  app.post('/sign-in', async (c) => {
    requireOwnForm(c);
    const key = (await fields(c))['key']?.trim() ?? '';
    if (!canBeKey(key)) return signIn('There is no such key.', 401);
    const { status, trouble } = await createApiClient((request) => app.fetch(request), key).call(
      'GET',
      '/v1/domains?limit=1',
    );
    if (status === 401) return signIn('There is no such key.', 401);
    if (status >= 500) return signIn(trouble, status);
    session.open(c, key);
    return c.redirect(`${prefix}/`, 303);
  });

  app.post('/sign-out', (c) => {
    requireOwnForm(c);
    session.close(c);
    return c.redirect(`${prefix}/`, 303);
  });

  app.post(
    '/domains',
    signedIn(async (c, api) => {
      const typed = await fields(c);
      const host = (typed['host'] ?? '').trim();
      // Without the condition, the settings of a domain that is there would go back to their defaults.
      const made = await api.call<DomainView>('PUT', apiPath(host), {}, { 'If-None-Match': '*' });
      const { ok, body, trouble, status } =
        made.status === 412 ? await api.call<DomainView>('GET', apiPath(host)) : made;
      return ok
        ? c.redirect(domainHref(prefix, body.host), 303)
        : showDomains(c, api, { notice: trouble, status, typed });
    }),
  );

  app.post(
    '/domains/:host/links',
    signedIn(async (c, api) => {
      const typed = await fields(c);
      const host = c.req.param('host') ?? '';
      const slug = typed['slug']?.trim();
      const wanted = { ...(slug && { slug }), match: typed['match'], target: typed['target']?.trim() };
      const { ok, body, trouble, status } = await api.call<LinkView>('POST', `${apiPath(host)}/links`, wanted);
      return ok
        ? c.redirect(linkHref(prefix, host, body), 303)
        : showDomain(c, api, { notice: trouble, status, typed });
    }),
  );

  app.post(
    '/domains/:host/import',
    signedIn(async (c, api) => {
      const typed = await fields(c, FILE_FORM);
      const { format = '', dryRun = '', text = '' } = typed;
      const base = typed['base']?.trim();
      const query = new URLSearchParams({ format, dryRun, ...(base && { base }) });
      const { ok, body, trouble, status } = await api.call<ImportView>(
        'POST',
        `${apiPath(c.req.param('host') ?? '')}/import?${query}`,
        text,
      );
      return showDomain(
        c,
        api,
        ok ? { report: body, ...(dryRun === 'true' && { typed }) } : { notice: trouble, status, typed },
      );
    }),
  );

  app.post(
    '/domains/:host/remove',
    signedIn(async (c, api) => {
      const { ok, trouble, status } = await api.call('DELETE', apiPath(c.req.param('host') ?? ''));
      return ok ? c.redirect(`${prefix}/`, 303) : showDomain(c, api, { notice: trouble, status });
    }),
  );

  app.post(
    '/domains/:host/links/:slug/edit',
    signedIn(async (c, api) => {
      const typed = await fields(c);
      const wanted = { target: typed['target']?.trim(), status: typed['status'] ? Number(typed['status']) : null };
      const { ok, trouble, status } = await api.call('PATCH', linkApiPath(c), wanted);
      return showLink(
        c,
        api,
        ok ? { notice: 'Saved. Visitors get it within two seconds.' } : { notice: trouble, status, typed },
      );
    }),
  );

  app.post(
    '/domains/:host/links/:slug/remove',
    signedIn(async (c, api) => {
      const { ok, trouble, status } = await api.call('DELETE', linkApiPath(c));
      return ok
        ? c.redirect(domainHref(prefix, c.req.param('host') ?? ''), 303)
        : showLink(c, api, { notice: trouble, status });
    }),
  );
}

const apiPath = (host: string) => `/v1/domains/${encodeURIComponent(host)}`;

function linkOf(c: Context): Pick<LinkView, 'slug' | 'match'> {
  return { slug: c.req.param('slug') ?? '', match: c.req.query('match') === 'prefix' ? 'prefix' : 'exact' };
}

function linkApiPath(c: Context): string {
  const { slug, match } = linkOf(c);
  return `${apiPath(c.req.param('host') ?? '')}/links/${encodeURIComponent(slug)}?match=${match}`;
}

/** A form's text fields; a browser's line ends become plain ones. Throws `too_large`. */
async function fields(c: Context, limit = FORM): Promise<Record<string, string>> {
  const form = new URLSearchParams(decodeText(await readBody(c.req.raw, limit)));
  return Object.fromEntries([...form].map(([name, value]) => [name, value.replaceAll('\r\n', '\n')]));
}
