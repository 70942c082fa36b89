/** A job that was done in the deck of `work-rig.ts`, and what is needed to undo it. */
import { loadConfig } from '../config.ts';
import type { PageElement } from '../google/slides.ts';
import { systemIds } from '../ids.ts';
import type { GivenDeck } from '../testing/google/slides-deck.ts';
import type { ImageAsked, ImagesAsked } from './asked.ts';
import { readDeck } from './deck.ts';
import type { JobRecord, Kept, Undo } from './job.ts';
import { createGrants } from './open-grants.ts';
import { createUndo } from './undo.ts';
import { createWorkRig } from './work-rig.ts';

export async function doneJob(
  deck: GivenDeck,
  images: readonly ImageAsked[],
  { keepReplaced = true, mode = 'private' }: Partial<Pick<ImagesAsked, 'keepReplaced' | 'mode'>> = {},
) {
  const rig = createWorkRig(deck, { shared: mode === 'bucket' });
  const config = loadConfig({ HAWKER_PUBLIC_URL: 'http://127.0.0.1:9' });
  const grants = createGrants({ store: rig.store, config, clock: rig.clock, ids: systemIds });
  const before = await look();
  let kept: readonly Kept[] = [];
  const beforeWrite = async (_: unknown, found: readonly Kept[]) => {
    kept = found;
  };
  const outcome = await rig.work().run(rig.input('job', images, { keepReplaced, mode, beforeWrite }));
  const at = '2026-01-01T00:00:00Z';
  const record: JobRecord = {
    presentationId: 'deck-1',
    caller: 'me',
    kind: 'now',
    state: 'done',
    images: outcome.images,
    writes: 1,
    kept: [...kept],
    createdAt: at,
    updatedAt: at,
  };
  const input = { job: 'job', record, identity: { type: 'own' as const }, signal: new AbortController().signal };

  function look() {
    return rig.apis.slides.presentation('deck-1', { signal: new AbortController().signal });
  }

  return {
    ...rig,
    outcome,
    record,
    before,
    grants,
    look,
    /** Another process each time. */
    undo: (change: Partial<Parameters<Undo['run']>[0]> = {}, more: Partial<Parameters<typeof createUndo>[0]> = {}) =>
      createUndo({ google: { as: () => rig.apis }, blobs: rig.blobs, grants, log: rig.log, ...more }).run({
        ...input,
        ...change,
      }),
  };
}

/** What is to be seen of each slide: its elements in their order, where they are, and their words; an image is told by its id alone. */
export function seenOf(deck: Awaited<ReturnType<Awaited<ReturnType<typeof doneJob>>['look']>>) {
  const seen = ({ objectId, title, description, shape, image, elementGroup }: PageElement) => ({
    objectId,
    words: [title ?? '', description ?? ''],
    ...(shape && { text: shape.text?.textElements, type: shape.shapeType, looks: shape.shapeProperties ?? {} }),
    ...(image && { image: true }),
    ...(elementGroup && { group: true }),
  });
  return readDeck(deck).slides.map(({ elements, order }) => ({
    order,
    elements: elements.map(({ element, frame: { width, height, transform } }) => {
      const { a, b, c, d, e, f } = transform;
      const corners = [a * width, b * width, c * height, d * height, e, f].map((value) => Math.round(value));
      return { ...seen(element), corners };
    }),
  }));
}
