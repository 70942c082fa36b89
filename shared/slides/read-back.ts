/** Tells from a deck itself whether a job was applied: by the ids of what it created, and by where its images say they came from. A batch is atomic, so one trace tells it all. */
import type { Presentation } from '../google/slides.ts';
import type { ImageAsked } from './asked.ts';
import { type DeckElement, findDeckImages } from './deck.ts';
import { belongsTo } from './object-id.ts';
import type { PlacedObject } from './outcome.ts';

export interface ReadBackOptions {
  job: string;
  images: readonly ImageAsked[];
  /** Whether an image's sourceUrl is an address that was made for this rendition (`3.0`) of this job. */
  isFor: (address: string, image: string) => Promise<boolean>;
}

/** By index, what there is of each image of the job; empty where the job was not applied. */
export async function findPlaced(
  deck: Presentation,
  { job, images, isFor }: ReadBackOptions,
): Promise<Map<number, PlacedObject[]>> {
  const placed = new Map<number, PlacedObject[]>();
  const add = (index: number, object: PlacedObject) => placed.set(index, [...(placed.get(index) ?? []), object]);
  const all = findDeckImages(deck);

  for (const { page, element } of all) {
    const index = belongsTo(element.objectId, job);
    if (index !== undefined && index < images.length)
      add(index, { objectId: element.objectId, page, action: 'created' });
  }

  for (const [index, { target }] of images.entries()) {
    if (target.type !== 'image' && target.type !== 'altText') continue;
    const candidates = all.filter(({ element }) => target.type === 'altText' || element.objectId === target.objectId);
    for (const { page, element } of await shownBy(candidates, index))
      add(index, { objectId: element.objectId, page, action: 'replaced' });
  }
  return placed;

  /** Those that show one of the image's renditions. Where none shows the first, none shows another. */
  async function shownBy(candidates: readonly DeckElement[], index: number): Promise<DeckElement[]> {
    const shown: DeckElement[] = [];
    for (let rendition = 0; rendition < candidates.length; rendition++) {
      const before = shown.length;
      for (const candidate of candidates)
        if (await isFor(candidate.element.image?.sourceUrl ?? '', `${index}.${rendition}`)) shown.push(candidate);
      if (shown.length === before) break;
    }
    return shown;
  }
}
