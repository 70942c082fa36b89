/** How the fake's own tests speak to it: plain HTTP, nothing of the product. */
import type { SlidesRequest } from '../../google/slides.ts';
import type { GivenDeck } from './slides-deck.ts';
import { type FakeGoogle, type GoogleOptions, startFakeGoogle } from './start.ts';

/** On `slide_1`, a million by half a million EMU at the left upper corner. */
export const EMU_PAGE = {
  pageObjectId: 'slide_1',
  size: { width: { magnitude: 1_000_000, unit: 'EMU' }, height: { magnitude: 500_000, unit: 'EMU' } },
  transform: { scaleX: 1, scaleY: 1, shearX: 0, shearY: 0, translateX: 0, translateY: 0, unit: 'EMU' },
} as const;

export interface Reply {
  status: number;
  headers: Headers;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into any answer
  json: any;
}

export async function ask(
  google: FakeGoogle,
  method: string,
  path: string,
  { token, json, headers = {} }: { token?: string | undefined; json?: unknown; headers?: Record<string, string> } = {},
): Promise<Reply> {
  const response = await fetch(google.url + path, {
    method,
    headers: {
      ...headers,
      ...(token && { authorization: `Bearer ${token}` }),
      'content-type': 'application/json',
      connection: 'close',
    },
    ...(json !== undefined && { body: JSON.stringify(json) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    text,
    json: text.startsWith('{') ? JSON.parse(text) : undefined,
  };
}

/** A fake Google with one deck, and what may be done to it in the service's own name. */
export async function startDeck(deck: GivenDeck = {}, options: GoogleOptions = {}) {
  const google = await startFakeGoogle(options);
  const { slides, account } = google;
  const id = slides.addDeck(deck);
  const token = google.issueToken({ account, scopes: ['presentations'] });
  return {
    google,
    slides,
    id,
    batch: (requests: SlidesRequest[], writeControl?: object) =>
      ask(google, 'POST', `/v1/presentations/${id}:batchUpdate`, {
        token,
        json: { requests, ...(writeControl && { writeControl }) },
      }),
    get: (query = '') => ask(google, 'GET', `/v1/presentations/${id}${query}`, { token }),
    ids: (page?: string) => slides.elementIds(id, page),
    seen: (objectId: string) => slides.seen(id, objectId),
    [Symbol.asyncDispose]: () => google[Symbol.asyncDispose](),
  };
}
