import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PageElement, Presentation } from '../google/slides.ts';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import { objectIdFor } from './object-id.ts';
import { createOutcomes } from './outcomes.ts';
import { findPlaced } from './read-back.ts';
import { atPage, inPlaceOf } from './work-rig.ts';

guardAgainstLeaks();

const shown = (objectId: string, sourceUrl = ''): PageElement => ({ objectId, image: { sourceUrl } });
const deckOf = (...pageElements: PageElement[]): Presentation => ({
  presentationId: 'd',
  slides: [{ objectId: 'p', pageElements }],
});
const isFor = (address: string, image: string) => Promise.resolve(address === `ours/${image}`);
const byAltText = { ...atPage(1), target: { type: 'altText' as const, key: 'k', align: 'center' as const } };
const find = (deck: Presentation, images = [atPage(1)]) => findPlaced(deck, { job: 'job', images, isFor });

describe('what a deck tells of a job', () => {
  it('is nothing where the job was not applied', async () => {
    const other = deckOf(shown(objectIdFor('other', 0, 0)), shown('photo', 'https://example.com/ours/0.0'));
    assert.equal((await find(other, [atPage(1), inPlaceOf('photo', 1), byAltText])).size, 0);
  });

  it('is where its images are, also when somebody has grouped them', async () => {
    const id = objectIdFor('job', 0, 0);
    const grouped = deckOf({ objectId: 'g', elementGroup: { children: [shown(id), shown('b')] } });
    assert.deepEqual((await find(grouped)).get(0), [{ objectId: id, page: 'p', action: 'created' }]);
  });

  it('counts no image that was never asked for, and no copy of a replaced one', async () => {
    const deck = deckOf(shown(objectIdFor('job', 7, 0)), shown('copy', 'ours/0.0'));
    assert.equal((await find(deck, [inPlaceOf('photo', 1)])).size, 0);
  });

  it('finds all images that one took the place of, in whatever shape', async () => {
    const deck = deckOf(shown('a', 'ours/0.0'), shown('b', 'ours/0.1'), shown('c', 'ours/0.0'));
    const found = (await find(deck, [byAltText])).get(0)?.map(({ objectId }) => objectId);
    assert.deepEqual(found, ['a', 'c', 'b']);
  });

  it('takes back what was thought of an image that is there', () => {
    const outcomes = createOutcomes(1, undefined);
    outcomes.fail(0, { code: 'refused', detail: 'no' });
    outcomes.verify(new Map([[0, [{ objectId: 'a', page: 'p', action: 'created' }]]]), () => ({}));
    assert.deepEqual([outcomes.of(0).state, outcomes.of(0).error], ['verified', undefined]);
  });
});
