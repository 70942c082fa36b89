/** What is known of each image while a job is worked on, told onwards with each step. */
import type { ImageError, ImageOutcome, ImageState, JobOutcome, PlacedObject } from './outcome.ts';

export interface Outcomes {
  /** A copy, in the order of the images. */
  all(): ImageOutcome[];
  of(index: number): ImageOutcome;
  /** Changes these, then tells of all of them once. */
  set(indices: Iterable<number>, change: (image: ImageOutcome) => Partial<ImageOutcome>): void;
  fail(index: number, error: ImageError): void;
  /** It is made ready once more, from its source on; how often it was fetched stays. */
  again(index: number): void;
  /** All that neither were placed nor failed. */
  leaveOut(): void;
  anyFailed(): boolean;
  /** Compares with what was found of each image in the deck; one that is not there and has not failed before becomes `missing`. */
  verify(
    placed: ReadonlyMap<number, readonly PlacedObject[]>,
    missing: (image: ImageOutcome) => Partial<ImageOutcome>,
  ): void;
}

/** What an image is when nothing more becomes of it. */
const ENDED: ReadonlySet<ImageState> = new Set(['inserted', 'verified', 'failed']);

/** `known`: what an earlier worker, who died, had found out about the same images. */
export function createOutcomes(
  count: number,
  onProgress: ((images: readonly ImageOutcome[]) => void) | undefined,
  known: readonly ImageOutcome[] = [],
): Outcomes {
  const images = Array.from(
    { length: count },
    (_, index): ImageOutcome => ({ index, state: 'queued', objects: [], changes: [], ...known[index] }),
  );
  const copy = () => images.map((image) => ({ ...image }));
  const outcomes: Outcomes = {
    all: copy,
    of: (index) => images[index] as ImageOutcome,
    set(indices, change) {
      for (const index of indices) Object.assign(outcomes.of(index), change(outcomes.of(index)));
      onProgress?.(copy());
    },
    fail: (index, error) => outcomes.set([index], () => ({ state: 'failed', objects: [], error })),
    again(index) {
      const { fetches, addressDead } = outcomes.of(index);
      const told = { ...(fetches !== undefined && { fetches }), ...(addressDead !== undefined && { addressDead }) };
      images[index] = { index, state: 'queued', objects: [], changes: [], ...told };
    },
    leaveOut() {
      const others = images.flatMap(({ index, state }) => (ENDED.has(state) ? [] : index));
      outcomes.set(others, () => ({ state: 'left out', objects: [] }));
    },
    anyFailed: () => images.some(({ state }) => state === 'failed'),
    verify(placed, missing) {
      for (const [index, image] of images.entries()) {
        const found = placed.get(index);
        const { error: _, ...rest } = image;
        if (found) images[index] = { ...rest, state: 'verified', objects: detailed(found, image.objects) };
        else if (image.state !== 'failed') Object.assign(image, missing(image));
      }
      onProgress?.(copy());
    },
  };
  return outcomes;
}

/** What was planned says more than the deck does, such as which shape went. */
function detailed(found: readonly PlacedObject[], planned: readonly PlacedObject[]): PlacedObject[] {
  return found.map((object) => planned.find(({ objectId }) => objectId === object.objectId) ?? object);
}

/** What all of it comes to; an image of a dry run ends as `converted`. */
export function stateOf(images: readonly ImageOutcome[]): JobOutcome['state'] {
  const bad = images.filter(({ state }) => state === 'failed' || state === 'left out').length;
  if (bad === 0) return 'done';
  return bad < images.length ? 'partial' : 'failed';
}
