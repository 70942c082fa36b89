/** The frame of every page: server-rendered, its style inside it, light and dark, no script unless asked for, nothing loaded from elsewhere. */
import { createHash } from 'node:crypto';
import { html, raw } from 'hono/html';

type Html = ReturnType<typeof html>;

const STYLE = `
:root { color-scheme: light dark; --ink: #1c1b1a; --soft: #5c5853; --paper: #fdfcfa; --line: #d9d4cc; --accent: #a3320b; --field: #fff }
@media (prefers-color-scheme: dark) { :root { --ink: #eeebe6; --soft: #b1aba3; --paper: #181716; --line: #45413c; --accent: #ff9d76; --field: #22201e } }
* { box-sizing: border-box }
body { margin: 0; font: 1rem/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); overflow-wrap: break-word }
header, main, footer { max-width: 62rem; margin: 0 auto; padding: 1rem }
header { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; align-items: baseline; border-bottom: 1px solid var(--line) }
header a { font-weight: 600 }
h1 { font-size: 1.5rem; line-height: 1.2; margin: .5rem 0 1rem; overflow-wrap: anywhere }
h2 { font-size: 1.15rem; margin: 2rem 0 .5rem }
a { color: var(--accent) }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px }
p.soft, small, footer { color: var(--soft) }
ul.plain { list-style: none; padding: 0; margin: 0 }
ul.plain > li { padding: .75rem 0; border-bottom: 1px solid var(--line); overflow-wrap: anywhere }
.scroll { overflow-x: auto }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums }
th, td { text-align: left; padding: .4rem .75rem .4rem 0; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: anywhere }
td.number, th.number { text-align: right }
form.stack { display: grid; grid-template-columns: minmax(0, 1fr); gap: .75rem; max-width: 32rem }
label { display: grid; grid-template-columns: minmax(0, 1fr); gap: .25rem; font-weight: 600 }
input, select, textarea, button { font: inherit; font-weight: 400; padding: .5rem .6rem; border: 1px solid var(--soft); border-radius: .3rem; background: var(--field); color: var(--ink); max-width: 100%; min-height: 2.75rem }
button { background: var(--accent); color: var(--paper); border-color: var(--accent); font-weight: 600; cursor: pointer; justify-self: start }
button.quiet { background: none; color: var(--accent) }
.notice { border-left: 4px solid var(--accent); padding: .5rem 1rem; margin: 1rem 0; background: var(--field) }
code { font-family: ui-monospace, monospace; font-size: .95em; overflow-wrap: anywhere }
`;

/** What a page is allowed beside the common style sheet and forms to where it comes from. */
export interface Allowance {
  /** A style sheet of its own, as given to `page`. */
  style?: StyleSheet;
  /** Scripts, requests, a manifest, a worker and images from where the page comes from. */
  scripts?: boolean;
  /** Origins of more images. */
  images?: readonly string[];
  headers?: Record<string, string>;
}

export interface StyleSheet {
  text: string;
  /** As Content-Security-Policy names it. */
  hash: string;
}

export function styleSheet(text: string): StyleSheet {
  return { text, hash: `'sha256-${createHash('sha256').update(text).digest('base64')}'` };
}

const COMMON = styleSheet(STYLE);

function policyOf({ style, scripts, images = [] }: Allowance): string {
  return [
    "default-src 'none'",
    ['img-src', ...(scripts ? ["'self'"] : []), 'data:', ...images].join(' '),
    ['style-src', COMMON.hash, ...(style ? [style.hash] : [])].join(' '),
    ...(scripts ? ["script-src 'self'", "connect-src 'self'", "manifest-src 'self'", "worker-src 'self'"] : []),
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

export interface PageOptions {
  title: string;
  /** Beside the name in the header: links or a form. */
  navigation?: Html | Promise<Html> | string;
  /** Where the name in the header leads. */
  home: string;
  body: Html | Promise<Html>;
  /** The page's language, BCP 47; English without it. */
  lang?: string;
  /** What the header calls it; Hawker without it. */
  name?: string;
  /** More of the head; an icon is in it. */
  head?: Html | Promise<Html>;
  style?: StyleSheet;
  footer?: Html | Promise<Html>;
}

export function page(options: PageOptions): Html | Promise<Html> {
  const { lang = 'en', name = 'Hawker', style, footer } = options;
  return html`<!doctype html>
<html lang="${lang}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${options.title}</title>
${options.head ?? html`<link rel="icon" href="data:,">`}
<style>${raw(STYLE)}</style>${style ? html`<style>${raw(style.text)}</style>` : ''}
</head>
<body>
<header><a href="${options.home}">${name}</a>${options.navigation ?? ''}</header>
<main>
${options.body}
</main>
${footer ? html`<footer>${footer}</footer>\n` : ''}</body>
</html>
`;
}

/** A page as an answer; pages show what only this visitor may see, so nothing keeps them. */
export async function pageResponse(
  content: Html | Promise<Html>,
  status = 200,
  allowance: Allowance = {},
): Promise<Response> {
  return new Response(String(await content), {
    status,
    headers: {
      'Content-Type': 'text/html; charset=utf-8',
      'Cache-Control': 'no-store',
      'Content-Security-Policy': policyOf(allowance),
      ...allowance.headers,
    },
  });
}
