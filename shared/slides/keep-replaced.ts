/** Keeps what a job is about to replace, so that an undo can bring it back. */
import { createHash } from 'node:crypto';
import { type Blobs, blobName } from '../blobs/blobs.ts';
import type { Clock } from '../clock.ts';
import type { Presentation, SlidesApi } from '../google/slides.ts';
import type { Ids } from '../ids.ts';
import { MOST_SOURCE_BYTES, type ServedType } from '../images/image.ts';
import type { ImagesAsked } from './asked.ts';
import { above, type DeckSlide, readDeck } from './deck.ts';
import { type Kept, REPLACED_KEPT_MS } from './job.ts';
import type { Aim, Spot } from './plan.ts';

export interface KeepOptions {
  mode: ImagesAsked['mode'];
  slides: SlidesApi;
  blobs: Blobs;
  clock: Clock;
  ids: Ids;
  signal: AbortSignal;
}

/** One image's bytes in memory at a time. Each blob is in `kept` before it is put, so that whoever gives up knows what to remove. Throws what Google and the blobs throw. */
export async function keepReplaced(
  deck: Presentation,
  aims: readonly Aim[],
  kept: Kept[],
  options: KeepOptions,
): Promise<void> {
  const { slides } = readDeck(deck);
  for (const { index, spots } of aims)
    for (const spot of spots) {
      if (spot.kind === 'shape') kept.push(keptShape(slides, index, spot));
      if (spot.kind === 'image') await keepImage(index, spot, kept, options);
    }
}

function keptShape(slides: readonly DeckSlide[], index: number, { page, element }: Spot & { kind: 'shape' }): Kept {
  const slide = slides.find(({ objectId }) => objectId === page);
  return { index, kind: 'shape', page, element, above: slide ? above(slide, element.objectId) : [] };
}

async function keepImage(
  index: number,
  { page, element }: Spot & { kind: 'image' },
  kept: Kept[],
  { mode, slides, blobs, clock, ids, signal }: KeepOptions,
): Promise<void> {
  const { objectId, title = '', description = '' } = element;
  const { contentUrl } = element.image ?? {};
  // An image that Slides itself cannot show has no bytes to keep.
  if (!contentUrl) return;
  const bytes = await slides.content(contentUrl, MOST_SOURCE_BYTES, { signal });
  const blob = blobName(clock.now() + REPLACED_KEPT_MS, `kept-${ids.secret(16)}`);
  const type = typeOf(bytes);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const file = { blob, type, size: bytes.length, sha256 };
  kept.push({ index, kind: 'image', page, objectId, title, description, mode, ...file });
  await blobs.put(blob, bytes, type, { signal });
}

/** By their first bytes: Slides has none but these, and serves what it cannot tell as PNG. */
function typeOf(bytes: Uint8Array): ServedType {
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return 'image/jpeg';
  return bytes[0] === 0x47 && bytes[1] === 0x49 && bytes[2] === 0x46 ? 'image/gif' : 'image/png';
}
