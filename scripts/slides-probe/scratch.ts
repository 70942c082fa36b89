/** The slide that is worked on, and what was put on it. */
import type { BatchOutcome, PageElement, SlidesApi, SlidesRequest } from '#shared/google/slides.ts';
import { systemIds } from '#shared/ids.ts';

const IDENTITY = { scaleX: 1, scaleY: 1, shearX: 0, shearY: 0, translateX: 0, translateY: 0, unit: 'PT' } as const;

export interface Scratch {
  /** An object id that nobody has. */
  id(): string;
  /** A request for an image of 72 by 72 points. */
  image(id: string, url: string): SlidesRequest;
  send(requests: readonly SlidesRequest[], signal: AbortSignal): Promise<BatchOutcome>;
  /** What stands on the slide under one of our ids. */
  find(id: string, signal: AbortSignal): Promise<PageElement | undefined>;
  /** Takes away what was put there. */
  clear(signal: AbortSignal): Promise<void>;
}

/** Throws where the deck cannot be read or has no such slide. */
export async function openScratch(
  slides: SlidesApi,
  presentation: string,
  wanted: string | undefined,
  first: AbortSignal,
): Promise<Scratch> {
  const read = async (signal: AbortSignal) => (await slides.presentation(presentation, { signal })).slides ?? [];
  const found = await read(first);
  const page = wanted === undefined ? found[0] : found.find(({ objectId }) => objectId === wanted);
  if (!page) throw new Error(wanted === undefined ? 'the deck has no slide' : `the deck has no slide ${wanted}`);
  const pageObjectId = page.objectId;
  const prefix = `probe_${systemIds.code(8)}`;
  let count = 0;
  const elements = async (signal: AbortSignal) =>
    (await read(signal)).find(({ objectId }) => objectId === pageObjectId)?.pageElements ?? [];
  const side = { magnitude: 72, unit: 'PT' } as const;
  const send: Scratch['send'] = (requests, signal) => slides.batchUpdate(presentation, { requests }, { signal });
  return {
    id: () => `${prefix}_${count++}`,
    image: (objectId, url) => ({
      createImage: {
        objectId,
        url,
        elementProperties: { pageObjectId, size: { width: side, height: side }, transform: IDENTITY },
      },
    }),
    send,
    find: async (id, signal) => (await elements(signal)).find(({ objectId }) => objectId === id),
    async clear(signal) {
      const ours = (await elements(signal)).filter(({ objectId }) => objectId.startsWith(prefix));
      if (ours.length === 0) return;
      await send(
        ours.map(({ objectId }) => ({ deleteObject: { objectId } })),
        signal,
      );
    },
  };
}
