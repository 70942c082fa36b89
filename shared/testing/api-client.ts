/** Asks an HTTP function in the test's own process, without a socket. */

export const ADMIN_KEY = 'admin-key-of-the-tests';

export interface Reply {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into any answer
  body: any;
}

/** `GET /v1/domains`; a body goes as JSON, with the admin key unless headers say otherwise. */
export type Ask = (line: string, body?: unknown, headers?: Record<string, string>) => Promise<Reply>;

export function createAsk(fetch: (request: Request) => Response | Promise<Response>): Ask {
  return async (line, body, headers = {}) => {
    const [method = '', path = ''] = line.split(' ');
    const request = new Request(`http://console.example${path}`, {
      method,
      headers: {
        Authorization: `Bearer ${ADMIN_KEY}`,
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const answer = await fetch(request);
    const text = await answer.text();
    const json = /json/.test(answer.headers.get('Content-Type') ?? '');
    return { status: answer.status, headers: answer.headers, body: json ? JSON.parse(text) : text };
  };
}
