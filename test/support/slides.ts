/** What tests of slides over its real surface share: a Google on loopback, and a request for images as curl sends it. */
import { randomUUID } from 'node:crypto';
import type { FakeGoogle } from '#shared/testing/google/start.ts';
import { ADMIN_KEY } from './hawker.ts';

export const SVG =
  '<svg xmlns="http://www.w3.org/2000/svg" width="200" height="100"><rect width="200" height="100" rx="20" fill="teal"/></svg>';

export interface Answered {
  status: number;
  headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into any answer
  body: any;
}

export interface Posting {
  /** Where slides is: `http://localhost:8080/slides` under `npm start`. */
  base: string;
  deck: string;
  images: readonly object[];
  /** Beside `images`. */
  fields?: object;
  files?: Record<string, Uint8Array>;
  to?: 'images' | 'jobs';
  key?: string;
}

/** Never waits for longer than a request may take. */
export async function postImages({
  base,
  deck,
  images,
  fields,
  files,
  to = 'images',
  key = randomUUID(),
}: Posting): Promise<Answered> {
  const form = new FormData();
  form.set('request', JSON.stringify({ images, ...fields }));
  for (const [name, bytes] of Object.entries(files ?? {})) form.set(name, new Blob([new Uint8Array(bytes)]));
  const headers = { Authorization: `Bearer ${ADMIN_KEY}`, 'Idempotency-Key': key };
  const answer = await fetch(`${base}/v1/presentations/${deck}/${to}`, {
    method: 'POST',
    headers,
    body: form,
    signal: AbortSignal.timeout(60_000),
  });
  return { status: answer.status, headers: answer.headers, body: await answer.json() };
}

/** The addresses that Google keeps with the images of a deck, where every collaborator reads them. */
export function sourceUrls({ slides }: FakeGoogle, deck: string): string[] {
  return slides.elementIds(deck).flatMap((id) => slides.element(deck, id)?.image?.sourceUrl ?? []);
}

/** Batches that were sent, applied or not. */
export function writes(google: FakeGoogle): number {
  return google.requestsTo(/:batchUpdate$/).length;
}

export async function statusOf(address: string): Promise<number> {
  const answer = await fetch(address, { signal: AbortSignal.timeout(10_000) });
  await answer.body?.cancel();
  return answer.status;
}
