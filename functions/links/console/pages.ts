/** The console's pages: plain HTML and forms. Every value is escaped by the template. */
import { html } from 'hono/html';
import { page } from '#shared/http/page.ts';
import type { Match } from '#shared/links/records.ts';

type Html = ReturnType<typeof html>;

export interface DomainView {
  host: string;
  links: number;
}

export interface LinkView {
  slug: string;
  match: Match;
  target: string;
  status?: number;
  path: string;
  clickLimit?: number;
  uses?: number;
  validFrom?: string;
  validUntil?: string;
}

export interface CountsView {
  all: number;
  human: number;
  unique: number;
}

export interface StatsView {
  total: CountsView;
  items: (CountsView & { key: string })[];
}

export interface ImportView {
  dryRun: boolean;
  created: number;
  updated: number;
  unchanged: number;
  problems: { line: number; text: string; reason: string }[];
}

export interface Frame {
  prefix: string;
  /** Said at the top: what went wrong, or what was done. */
  notice?: string | undefined;
  /** What was typed into a form that is shown again. */
  typed?: Record<string, string> | undefined;
}

export const domainHref = (prefix: string, host: string) => `${prefix}/domains/${encodeURIComponent(host)}`;
export const linkHref = (prefix: string, host: string, link: Pick<LinkView, 'slug' | 'match'>) =>
  `${domainHref(prefix, host)}/links/${encodeURIComponent(link.slug)}?match=${link.match}`;

/** An option that stays chosen when its form is shown again. */
function option(value: string, text: string, chosen: string | undefined) {
  return html`<option value="${value}"${value === chosen ? html` selected` : ''}>${text}</option>`;
}

function frame({ prefix, notice }: Frame, title: string, body: Html | Promise<Html>, signedIn = true) {
  return page({
    title: `${title} · Hawker links`,
    home: `${prefix}/`,
    navigation: signedIn
      ? html`<span>Links</span><form method="post" action="${prefix}/sign-out"><button class="quiet">Sign out</button></form>`
      : '',
    body: html`<h1>${title}</h1>
${notice ? html`<p class="notice" role="status">${notice}</p>` : ''}
${body}`,
  });
}

export function signInPage(at: Frame) {
  return frame(
    at,
    'Sign in',
    html`<form class="stack" method="post" action="${at.prefix}/sign-in">
<label>API key <input type="password" name="key" autocomplete="current-password" required></label>
<button>Sign in</button>
</form>
<p class="soft">The first start printed an admin key. An admin makes others with <code>POST ${at.prefix}/v1/keys</code>.</p>`,
    false,
  );
}

export function domainsPage(at: Frame, domains: readonly DomainView[], next: string | undefined) {
  return frame(
    at,
    'Domains',
    html`${domains.length === 0 ? html`<p>No domain yet. Add the first one:</p>` : ''}
<ul class="plain">${domains.map(({ host, links }) => html`<li><a href="${domainHref(at.prefix, host)}">${host}</a> <small>${links} ${links === 1 ? 'link' : 'links'}</small></li>`)}</ul>
${next ? html`<p><a href="?cursor=${next}">More</a></p>` : ''}
<h2>Add a domain</h2>
<form class="stack" method="post" action="${at.prefix}/domains">
<label>Host name <input name="host" placeholder="go.example.com" value="${at.typed?.['host'] ?? ''}" required></label>
<button>Add</button>
</form>
<p class="soft">Point the name's DNS here too. On this machine any name under <code>localhost</code> works, such as <code>go.localhost</code>.</p>`,
  );
}

export interface DomainPageView {
  host: string;
  links: readonly LinkView[];
  next: string | undefined;
  search: string;
  report?: ImportView | undefined;
}

export function domainPage(at: Frame, view: DomainPageView) {
  const here = domainHref(at.prefix, view.host);
  const typed = at.typed ?? {};
  return frame(
    at,
    view.host,
    html`<form class="stack" method="get" action="${here}" role="search">
<label>Find <input type="search" name="q" value="${view.search}"></label>
<button class="quiet">Search</button>
</form>
<ul class="plain">${view.links.map(
      (
        link,
      ) => html`<li><a href="${linkHref(at.prefix, view.host, link)}">${link.slug === '/' ? '/' : `/${link.slug}`}${link.match === 'prefix' ? '/…' : ''}</a><br>
<small>${link.target}</small></li>`,
    )}</ul>
${view.links.length === 0 ? html`<p class="soft">${view.search ? 'Nothing found on this page.' : 'No links yet.'}</p>` : ''}
${view.next ? html`<p><a href="${here}?cursor=${view.next}${view.search ? html`&amp;q=${encodeURIComponent(view.search)}` : ''}">More</a></p>` : ''}
<h2>Add a link</h2>
<form class="stack" method="post" action="${here}/links">
<label>Slug <input name="slug" placeholder="made up where empty" value="${typed['slug'] ?? ''}"></label>
<label>Target <input type="url" name="target" placeholder="https://" value="${typed['target'] ?? ''}" required></label>
<label>Answers <select name="match">${option('exact', 'this path alone', typed['match'])}${option('prefix', 'this path and all below it', typed['match'])}</select></label>
<button>Add</button>
</form>
<h2>Import</h2>
${view.report ? importReport(view.report) : ''}
<form class="stack" method="post" action="${here}/import">
<label>Format <select name="format">${option('netlify', 'Netlify _redirects', typed['format'])}${option('netlify-toml', 'netlify.toml', typed['format'])}${option('csv', 'CSV', typed['format'])}${option('jsonl', 'JSON Lines', typed['format'])}</select></label>
<label>Relative targets lead to <input type="url" name="base" placeholder="https://www.example.com" value="${typed['base'] ?? ''}"></label>
<label>The file's text <textarea name="text" rows="8" required>${typed['text'] ?? ''}</textarea></label>
<label>Then <select name="dryRun">${option('true', 'only show what would happen', typed['dryRun'])}${option('false', 'bring it in', typed['dryRun'])}</select></label>
<button>Import</button>
</form>
<h2>Remove this domain</h2>
<details><summary>Remove ${view.host} …</summary>
<form class="stack" method="post" action="${here}/remove"><p>Only a domain without links can be removed.</p><button>Remove the domain</button></form>
</details>`,
  );
}

function importReport(report: ImportView) {
  const { created, updated, unchanged, problems } = report;
  return html`<p class="notice" role="status">${report.dryRun ? 'It would bring in' : 'Brought in'} ${created} new, ${updated} changed, ${unchanged} unchanged; ${problems.length} lines need a look.</p>
${
  problems.length > 0
    ? html`<div class="scroll" tabindex="0" role="region" aria-label="Lines that need a look"><table><thead><tr><th scope="col" class="number">Line</th><th scope="col">Why</th><th scope="col">Text</th></tr></thead>
<tbody>${problems.map(({ line, text, reason }) => html`<tr><td class="number">${line}</td><td>${reason}</td><td><code>${text}</code></td></tr>`)}</tbody></table></div>`
    : ''
}`;
}

export function linkPage(at: Frame, host: string, link: LinkView, byDay: StatsView, byLabel: StatsView) {
  const here = linkHref(at.prefix, host, link);
  const action = (name: string) => here.replace('?', `/${name}?`);
  return frame(
    at,
    `${host}${link.path}`,
    html`<p><a href="${domainHref(at.prefix, host)}">All links of ${host}</a></p>
<form class="stack" method="post" action="${action('edit')}">
<label>Target <input type="url" name="target" value="${at.typed?.['target'] ?? link.target}" required></label>
<label>Status <select name="status">${['', '301', '302', '307', '308'].map((status) =>
      option(status, status || "the domain's default", at.typed?.['status'] ?? String(link.status ?? '')),
    )}</select></label>
<button>Save</button>
</form>
${link.clickLimit === undefined ? '' : html`<p>Used ${link.uses ?? 0} of ${link.clickLimit} times.</p>`}
${link.validFrom ? html`<p>Valid from ${link.validFrom}.</p>` : ''}${link.validUntil ? html`<p>Valid until ${link.validUntil}.</p>` : ''}
<h2>Hits in the last 30 days</h2>
<p>${byDay.total.all} in all, ${byDay.total.human} by people, ${byDay.total.unique} by people new that day.</p>
${countsTable('Day', byDay)}
${countsTable('Kind', byLabel)}
<h2>Remove this link</h2>
<details><summary>Remove ${link.path} …</summary>
<form class="stack" method="post" action="${action('remove')}"><p>Visitors will get 404 within two seconds, and its figures go with it.</p><button>Remove the link</button></form>
</details>`,
  );
}

function countsTable(first: string, { items }: StatsView) {
  if (items.length === 0) return '';
  return html`<div class="scroll" tabindex="0" role="region" aria-label="Hits by ${first.toLowerCase()}"><table><thead><tr><th scope="col">${first}</th><th scope="col" class="number">All</th><th scope="col" class="number">People</th><th scope="col" class="number">New</th></tr></thead>
<tbody>${items.map(({ key, all, human, unique }) => html`<tr><th scope="row">${key}</th><td class="number">${all}</td><td class="number">${human}</td><td class="number">${unique}</td></tr>`)}</tbody></table></div>`;
}
