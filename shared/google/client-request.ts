/** The request that one of Google's clients would make. */
import type { MethodOptions } from 'googleapis/build/src/apis/slides/index.js';
import type { Request } from './ask.ts';

/**
 * The client knows addresses, parameters and their types; the request itself is made by `ask`. Left to the client, an answer would be read to its end however long it is, a GET
 * repeated without heed to `Retry-After`, and an error would hold the headers with the token.
 *
 * `rootUrl`: GOOGLE_APIS_ROOT_URL, given to each call, since as an option of the client it loses its path.
 */
export async function requestOf(
  call: (options: MethodOptions) => Promise<unknown>,
  headers: Record<string, string>,
  rootUrl: string | undefined,
): Promise<Request> {
  let made: Request | undefined;
  await call({
    ...(rootUrl !== undefined && { rootUrl }),
    headers,
    fetchImplementation: (url: unknown, init: { method?: string; headers?: Headers; body?: unknown }) => {
      const { method = 'GET', body } = init;
      made = { url: String(url), method, headers: init.headers ?? headers, ...(typeof body === 'string' && { body }) };
      return Promise.resolve(new Response('{}', { headers: { 'content-type': 'application/json' } }));
    },
  } as MethodOptions);
  if (!made) throw new Error('the client made no request');
  return made;
}
