/** Paths that every host answers itself; no slug can have them. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { isReserved } from '#shared/links/slug.ts';
import { refuse } from './refusals.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** Crawlers may come: a preview of a link is made by one. */
const robots = text('User-agent: *\nAllow: /\n', 'public, max-age=3600');
const health = text('ok\n', 'no-store');
const nothing: Answer = (request, response) => refuse(request, response, 'not_found');

/** `path` in ASCII, without query. */
export function reserved(path: string): Answer | undefined {
  if (!isReserved(path)) return undefined;
  if (path === '/robots.txt') return robots;
  return path === '/_healthz' ? health : nothing;
}

function text(body: string, cacheControl: string): Answer {
  return (request, response) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(request, response, 'method_not_allowed');
    const headers = {
      'Content-Type': 'text/plain; charset=utf-8',
      'Content-Length': body.length,
      'Cache-Control': cacheControl,
    };
    response.writeHead(200, headers).end(body);
  };
}
