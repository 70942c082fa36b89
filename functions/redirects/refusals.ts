/**
 * Answers other than a redirect: a small page for people, problem+json (RFC 9457) for programs. All are made once at start; none may be
 * kept by a cache, since the link may exist a moment later.
 */
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { CATALOGUE } from '#shared/errors.ts';

const TELLING = {
  bad_request: 'This address is not written correctly. Check it for missing or stray characters.',
  not_found: 'There is no link at this address. Check it for typing errors, or ask whoever gave it to you.',
  gone: 'The link at this address has ended.',
  method_not_allowed: 'The link at this address can only be opened, not written to.',
  unavailable: 'The link cannot be looked up right now. Try again in a few seconds.',
  internal: 'Something went wrong here. Try again in a few seconds.',
} as const;

export type RefusalCode = keyof typeof TELLING;

const HEADERS: Partial<Record<RefusalCode, string[]>> = {
  method_not_allowed: ['Allow', 'GET, HEAD'],
  unavailable: ['Retry-After', '5'],
};

const STYLE =
  ':root{color-scheme:light dark}body{font:1.125rem/1.5 system-ui,sans-serif;max-width:34rem;margin:20vh auto 0;padding:0 1.5rem;color:#1c1b1a;background:#fdfcfa}h1{font-size:1.5rem;line-height:1.2}@media(prefers-color-scheme:dark){body{color:#eeebe6;background:#181716}}';
const POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; img-src data:; base-uri 'none'; frame-ancestors 'none'`;

interface Answer {
  status: number;
  headers: string[];
  body: Buffer;
}

const ANSWERS = new Map(
  (Object.keys(TELLING) as RefusalCode[]).map((code) => [code, { page: pageOf(code), problem: problemOf(code) }]),
);

/** Its body waits for `until`, if given, which must not reject; its headers leave at once. */
export function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  code: RefusalCode,
  until?: Promise<void>,
): void {
  const answers = ANSWERS.get(code);
  const answer = wantsPage(request.headers.accept) ? answers?.page : answers?.problem;
  if (!answer) return;
  response.writeHead(answer.status, answer.headers);
  if (!until) return void response.end(answer.body);
  response.flushHeaders();
  void until.then(() => response.end(answer.body));
}

/** Browsers name text/html before anything else they take. */
function wantsPage(accept: string | undefined): boolean {
  const page = accept?.indexOf('text/html') ?? -1;
  const json = accept?.search(/application\/(?:problem\+)?json/) ?? -1;
  return page >= 0 && (json < 0 || page < json);
}

function pageOf(code: RefusalCode): Answer {
  const { title } = CATALOGUE[code];
  const text = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${title}</h1>
<p>${TELLING[code]}</p>
</main>
</body>
</html>
`;
  return answerOf(code, 'text/html; charset=utf-8', text, ['Content-Security-Policy', POLICY]);
}

function problemOf(code: RefusalCode): Answer {
  const { status, title } = CATALOGUE[code];
  const problem = { type: `/problems/${code}`, title, status, detail: TELLING[code], code };
  return answerOf(code, 'application/problem+json', JSON.stringify(problem), []);
}

function answerOf(code: RefusalCode, type: string, text: string, more: string[]): Answer {
  const body = Buffer.from(text);
  const headers = [
    'Content-Type',
    type,
    'Content-Length',
    String(body.length),
    'Cache-Control',
    'no-store',
    'Vary',
    'Accept',
  ];
  return { status: CATALOGUE[code].status, headers: [...headers, ...more, ...(HEADERS[code] ?? [])], body };
}
