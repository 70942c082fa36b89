/** A fetch handler as Node's own kind of request listener. */
import type { RequestListener } from 'node:http';
import { getRequestListener } from '@hono/node-server';

export function fetchListener(fetch: (request: Request) => Response | Promise<Response>): RequestListener {
  const answer = getRequestListener((request) => fetch(request));
  // It answers its own failures, so nobody has to wait for it.
  return (request, response) => void answer(request, response);
}
