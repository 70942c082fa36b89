import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { AppError, isAppError } from '../errors.ts';
import type { GivenDeck } from '../testing/google/slides-deck.ts';
import { shape } from '../testing/google/slides-elements.ts';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import type { ImageAsked } from './asked.ts';
import type { Kept } from './job.ts';
import type { JobOutcome } from './outcome.ts';
import { atPage, atTag, createWorkRig, inPlaceOf, type Step, someDeck, type WorkRig } from './work-rig.ts';

guardAgainstLeaks();

const states = ({ images }: Pick<JobOutcome, 'images'>) => images.map(({ state }) => state);
const IMAGES = [atPage(1), atTag('logo', 2), inPlaceOf('old_one', 3)];

async function assertClean(rig: WorkRig): Promise<void> {
  assert.deepEqual([...rig.blobs.kept.keys()], [], 'no blob is left');
  assert.deepEqual(await rig.alive(), [], 'no address is alive');
  assert.equal(await rig.openGrants(), 0, 'no grant is open');
}

describe('work whose answers are lost', () => {
  it('finds in the deck what was applied though the answer was lost, and writes no second time', async () => {
    const rig = createWorkRig(someDeck());
    rig.script.push('lost after');
    const outcome = await rig.work().run(rig.input('job', IMAGES));
    assert.deepEqual([outcome.state, outcome.writes, states(outcome)], ['done', 1, Array(3).fill('verified')]);
    assert.equal(outcome.revisionId, rig.revision());
    assert.equal(outcome.images[1]?.objects[0]?.insteadOf, 'logo_shape');
    await assertClean(rig);
  });

  it('sends the same batch again, with new addresses, where the first one did nothing', async () => {
    const rig = createWorkRig(someDeck());
    rig.script.push('lost before', 'lost before');
    const outcome = await rig.work().run(rig.input('job', IMAGES));
    assert.deepEqual([outcome.state, outcome.writes], ['done', 3]);
    const urls = rig.batches.flat().flatMap(({ createImage }) => createImage?.url ?? []);
    assert.equal(new Set(urls).size, urls.length);
    const ids = rig.batches.map((batch) => batch.flatMap(({ createImage }) => createImage?.objectId ?? []));
    assert.deepEqual([ids[1], ids[2]], [ids[0], ids[0]]);
    await assertClean(rig);
  });

  it('waits for a batch that is applied late', async () => {
    const rig = createWorkRig(someDeck());
    rig.script.push('late');
    const outcome = await rig.work().run(rig.input('job', IMAGES));
    assert.deepEqual([outcome.state, outcome.writes], ['done', 1]);
    assert.equal(rig.images().size, 3);
    await assertClean(rig);
  });

  it('takes the refusal of ids that are taken for the sign that an earlier batch came through', async () => {
    const rig = createWorkRig(someDeck());
    rig.script.push('late');
    const { presentation } = rig.apis.slides;
    let reads = 0;
    // The first batch is applied while the second one is on its way.
    rig.apis.slides.presentation = async (...given) => {
      const read = await presentation(...given);
      return ++reads === 3 ? { ...read, slides: [{ objectId: 'slide_one' }] } : read;
    };
    const outcome = await rig.work().run(rig.input('job', IMAGES));
    assert.deepEqual([outcome.state, outcome.writes, states(outcome)], ['done', 2, Array(3).fill('verified')]);
    await assertClean(rig);
  });

  it('says whether the deck does not show it, or could not be read', async () => {
    for (const [reads, message] of [
      [99, /the deck does not show it yet$/],
      [1, /the deck could not be read since$/],
      [2, /the deck could not be read since$/],
    ] as const) {
      const rig = createWorkRig(someDeck());
      rig.script.push('lost before', 'lost before', 'lost before');
      const { presentation } = rig.apis.slides;
      let left = reads;
      rig.apis.slides.presentation = (...given) =>
        left-- > 0 ? presentation(...given) : Promise.reject(new AppError('unavailable', 'Google does not answer'));
      await assert.rejects(rig.work().run(rig.input('job', IMAGES)), { code: 'outcome_unknown', message });
    }
  });

  it('says that the outcome is unknown after three lost answers, and the same job again finds out', async () => {
    const rig = createWorkRig(someDeck());
    rig.script.push('lost before', 'lost before', 'lost before');
    await assert.rejects(rig.work().run(rig.input('job', IMAGES)), { code: 'outcome_unknown' });
    assert.equal(rig.batches.length, 3);
    await assertClean(rig);
    assert.equal((await rig.work().run(rig.input('job', IMAGES))).state, 'done');
    assert.equal((await rig.work().run(rig.input('job', IMAGES))).writes, 0);
    assert.equal(rig.batches.length, 4);
  });

  it('does not take a refusal for the end while an earlier batch may still be applied', async () => {
    for (const step of [{ kind: 'refused', index: 0 }, 'nameless'] as const) {
      const rig = createWorkRig(someDeck());
      rig.script.push('lost before', step);
      await assert.rejects(rig.work().run(rig.input('job', IMAGES)), { code: 'outcome_unknown' });
      await assertClean(rig);
    }
  });

  it('does not take it for the end either where no image is left that is not refused', async () => {
    const rig = createWorkRig(someDeck());
    rig.script.push('lost before', { kind: 'refused', index: 0 });
    const run = rig.work().run(rig.input('job', [inPlaceOf('old_one', 3)], { onError: 'skip' }));
    await assert.rejects(run, { code: 'outcome_unknown' });
    await assertClean(rig);
  });

  it('ends in time, looks once more, and says what it knows', async () => {
    const rig = createWorkRig(someDeck());
    const out = new AbortController();
    const { batchUpdate } = rig.apis.slides;
    rig.apis.slides.batchUpdate = async (...given) => {
      const answer = await batchUpdate(...given);
      out.abort(new Error('time is over'));
      return answer;
    };
    rig.script.push('lost before', 'lost after');
    const run = () => rig.work().run(rig.input('job', IMAGES, { signal: out.signal }));
    await assert.rejects(run(), { code: 'outcome_unknown' });
    await assertClean(rig);
    await assert.rejects(run(), { code: 'unavailable' });
    assert.equal(rig.batches.length, 1);
  });

  it('finds a job applied by a worker that died, and tells the rest from its record', async () => {
    const rig = createWorkRig(someDeck());
    const images = [...IMAGES, atTag('nobody', 4)];
    const first = await rig.work().run(rig.input('job', images, { onError: 'skip' }));
    const again = await rig.work().run(rig.input('job', images, { onError: 'skip', known: first.images }));
    assert.deepEqual(again.images, first.images);
    const unknown = await rig.work().run(rig.input('job', images, { onError: 'skip' }));
    assert.deepEqual(states(unknown), ['verified', 'verified', 'verified', 'left out']);
    assert.equal(rig.batches.length, 1);
  });

  it('inserts once, however many do the same job at the same time', async () => {
    const rig = createWorkRig(someDeck());
    const all = await Promise.all([1, 2, 3].map(() => rig.work().run(rig.input('job', IMAGES))));
    for (const outcome of all) assert.equal(outcome.state, 'done');
    assert.equal(rig.images().size, 3);
    await assertClean(rig);
  });

  it('keeps of what it replaces that alone which was replaced', async () => {
    const rig = createWorkRig(someDeck());
    let told: readonly Kept[] = [];
    const keeping = {
      keepReplaced: true,
      beforeWrite: (_: unknown, kept: readonly Kept[]) => {
        told = kept;
        assert.deepEqual(rig.batches, []);
        return Promise.resolve();
      },
    };
    const images = [atPage(1), atTag('logo', 2), inPlaceOf('old_one', 3)];
    assert.equal((await rig.work().run(rig.input('job', images, keeping))).state, 'done');
    assert.deepEqual(
      told.map(({ kind, index }) => [kind, index]),
      [
        ['shape', 1],
        ['image', 2],
      ],
    );
    const blobs = told.flatMap((one) => (one.kind === 'image' ? one.blob : []));
    assert.deepEqual([...rig.blobs.kept.keys()], blobs);

    const other = createWorkRig(someDeck());
    other.script.push({ kind: 'refused', index: 0 });
    await other.work().run(other.input('job', [inPlaceOf('old_one', 3)], { keepReplaced: true }));
    await assertClean(other);
  });

  it('writes nothing that could not be noted before', async () => {
    const rig = createWorkRig(someDeck());
    const beforeWrite = () => Promise.reject(new Error('the store is gone'));
    await assert.rejects(
      rig.work().run(rig.input('job', IMAGES, { beforeWrite, keepReplaced: true })),
      /store is gone/,
    );
    assert.deepEqual(rig.batches, []);
    await assertClean(rig);
  });

  it('serves from a bucket where that was asked for, and knows its images again', async () => {
    const rig = createWorkRig(someDeck(), { shared: true });
    rig.script.push('lost after');
    const run = () => rig.work().run(rig.input('job', IMAGES, { mode: 'bucket' }));
    const outcome = await run();
    assert.deepEqual([outcome.state, outcome.writes, states(outcome)], ['done', 1, Array(3).fill('verified')]);
    assert.deepEqual([outcome.images[0]?.fetches, outcome.images[0]?.addressDead], [undefined, undefined]);
    assert.equal((await run()).writes, 0);
    await assertClean(rig);
  });

  it('says which setting is missing before it does anything', async () => {
    const rig = createWorkRig(someDeck());
    const bucket = rig.work().run(rig.input('job', IMAGES, { mode: 'bucket' }));
    await assert.rejects(bucket, { code: 'not_configured', message: /HAWKER_BUCKET/ });
    const inCloud = rig.work({
      config: { ...rig.config, HAWKER_PUBLIC_URL: 'https://images.example', cloudRun: true },
    });
    await assert.rejects(inCloud.run(rig.input('job', IMAGES)), { code: 'not_configured', message: /HAWKER_BUCKET/ });
    const nowhere = rig.work({ config: { ...rig.config, HAWKER_PUBLIC_URL: undefined } });
    await assert.rejects(nowhere.dryRun(rig.input('job', IMAGES)), {
      code: 'not_configured',
      message: /HAWKER_PUBLIC_URL/,
    });
  });
});

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.constantFrom<Step[]>(
    'applied',
    'twice',
    'lost before',
    'lost after',
    'late',
    'busy',
    'nameless',
    'other revision',
  ),
  fc.record({ kind: fc.constantFrom('not fetched', 'not reached', 'refused'), index: fc.nat(3) }),
  fc.constantFrom('old_one', 'logo_shape', 'bystander', 'other').map((objectId): Step => {
    return { kind: 'edited', requests: [{ deleteObject: { objectId } }] };
  }),
);
const image: fc.Arbitrary<ImageAsked> = fc.oneof(
  fc.nat(255).map(atPage),
  fc.nat(255).map((shade) => inPlaceOf('old_one', shade)),
  fc.nat(255).map((shade) => atTag('logo', shade)),
  fc.constant(atTag('nobody', 1)),
  fc.constant({ ...atPage(0), source: { type: 'drive' as const, id: 'missing' } }),
);

/** With shapes over the tag, which a plan names for their places in the z-order. */
function crowdedDeck(): GivenDeck {
  const [slide] = someDeck().slides ?? [];
  const others = ['bystander', 'other'].map((objectId) =>
    shape({ objectId, x: 0, y: 0, width: 900_000, height: 900_000, text: 'text' }),
  );
  return { slides: [{ ...slide, elements: [...(slide?.elements ?? []), ...others] }] };
}

describe('whatever Google does', () => {
  it('no image is there twice, nothing is left behind, and what is told is what the deck shows', async () => {
    const settings = fc.record({
      images: fc.array(image, { minLength: 1, maxLength: 4 }),
      script: fc.array(step, { maxLength: 6 }),
      onError: fc.constantFrom('abort', 'skip'),
      mode: fc.constantFrom('private', 'bucket'),
      runs: fc.integer({ min: 1, max: 3 }),
      atOnce: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(settings, async ({ images, script, onError, mode, runs, atOnce }) => {
        const rig = createWorkRig(crowdedDeck(), { shared: true });
        rig.script.push(...script);
        const before = rig.images();
        const told: (JobOutcome | undefined)[] = [];
        const run = async () => {
          const outcome = await rig
            .work()
            .run(rig.input('job', images, { onError, mode }))
            .catch((error: unknown) => {
              assert.ok(isAppError(error), String(error));
              return undefined;
            });
          told.push(outcome);
        };
        if (atOnce) await Promise.all(Array.from({ length: runs }, run));
        else for (let at = 0; at < runs; at++) await run();
        await assertClean(rig);
        rig.happen();

        const after = rig.images();
        const created = [...after.keys()].filter((id) => !before.has(id));
        assert.ok(created.length <= images.filter(({ target }) => target.type !== 'image').length, 'nothing twice');
        const last = told.findLast((outcome) => outcome !== undefined);
        if (atOnce || !last) return;
        const placed = last.images.flatMap(({ state, objects }) => (state === 'verified' ? objects : []));
        const claimed = placed.flatMap(({ objectId }) => (before.has(objectId) ? [] : objectId));
        assert.deepEqual(claimed.sort(), created.sort(), 'what is told is there, and nothing else');
        for (const { state, objects, error } of last.images)
          assert.equal(state === 'failed', error !== undefined && objects.length === 0, state);
      }),
      { numRuns: 300 },
    );
  });
});
