/** A fetch handler as Node's own kind of request listener. */
import type { IncomingMessage, RequestListener } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import type { HttpFunction } from '../define.ts';

const REFUSED = { Allow: 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS', 'Cache-Control': 'no-store' };

export function fetchListener(fetch: HttpFunction['fetch']): RequestListener {
  const answer = getRequestListener((request, { incoming }) =>
    fetch(request, { incoming: incoming as IncomingMessage }),
  );
  return (request, response) => {
    // A Request of these cannot be made (https://fetch.spec.whatwg.org/#forbidden-method).
    if (request.method === 'TRACE' || request.method === 'TRACK') return void response.writeHead(405, REFUSED).end();
    // It answers its own failures, so nobody has to wait for it.
    void answer(request, response);
  };
}
