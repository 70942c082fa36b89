import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '#shared/errors.ts';
import type { JobRecord, Work } from '#shared/slides/job.ts';
import { guardAgainstLeaks } from '#shared/testing/leak-guard.ts';
import { createRig, JOB } from './rig.ts';

guardAgainstLeaks();

const states = (record: JobRecord | undefined) => record?.images.map(({ state }) => state);

describe('slides-jobs', () => {
  it('does the job, notes what became of it, and forgets what it was given', async () => {
    const rig = await createRig();
    await rig.open()();
    const told = await rig.told();
    assert.deepEqual([told?.state, told?.writes, told?.asked, told?.error], ['done', 1, undefined, undefined]);
    assert.deepEqual(states(told), ['verified', 'verified']);
    assert.equal(told?.endedAt, '2026-01-01T00:00:00.000Z');
    assert.equal(told?.keptUntil, '2026-01-01T00:30:00.000Z');
    const kept = told?.kept.flatMap((one) => (one.kind === 'image' ? one.blob : []));
    assert.deepEqual([...rig.blobs.kept.keys()], kept, 'only what an undo needs');
    assert.equal(rig.images().size, 2);
  });

  it('does nothing for a job that is gone or has ended', async () => {
    const rig = await createRig();
    await rig.jobs.update(JOB, (record) => ({ ...record, state: 'undone' }));
    await rig.open()();
    assert.deepEqual([(await rig.told())?.state, rig.batches.length], ['undone', 0]);
    const { docs } = await rig.store.list('slides-jobs', { limit: 10 });
    for (const { id, version } of docs) await rig.store.delete('slides-jobs', id, version);
    await rig.open()();
    assert.equal(rig.batches.length, 0);
  });

  it('refuses what is no event of a job', async () => {
    const rig = await createRig();
    await assert.rejects(rig.open()({}, undefined, { job: '../x' }), { code: 'invalid', retryable: false });
  });

  it('inserts once where the event is delivered many times, one after the other and at the same time', async () => {
    const rig = await createRig();
    const handle = rig.open();
    const all = [handle(), handle(), rig.open()()];
    await all[0];
    await rig.clock.advance(10_000);
    await Promise.all(all);
    await handle();
    assert.deepEqual([rig.batches.length, rig.images().size, (await rig.told())?.state], [1, 2, 'done']);
  });

  it('finds what a worker had done that died before it could say so', async () => {
    const rig = await createRig();
    const { promise: dead, reject: revive } = Promise.withResolvers<never>();
    const dying = rig.open({
      work: (real: Work) => ({
        ...real,
        async run(input) {
          await real.run({ ...input, onProgress: () => undefined });
          return dead;
        },
      }),
    });
    const first = dying();
    while (rig.images().size < 2) await new Promise(setImmediate);
    const kept = (await rig.told())?.kept;
    assert.equal((await rig.told())?.state, 'running');

    const second = rig.open()({ attempt: 2 });
    for (let waited = 0; waited <= 220_000; waited += 10_000) await rig.clock.advance(10_000);
    await second;
    const told = await rig.told();
    assert.deepEqual([rig.batches.length, rig.images().size, told?.state], [1, 2, 'done']);
    assert.deepEqual(states(told), ['verified', 'verified']);
    assert.deepEqual(told?.kept, kept, 'what was kept before the write still is');
    assert.ok(!rig.blobs.kept.has(rig.given));

    revive(new AppError('unavailable', 'too late'));
    await assert.rejects(first);
    assert.equal((await rig.told())?.state, 'done', 'whoever was taken over changes nothing');
  });

  it('waits for another worker no longer than its own time, and then lets the event come again', async () => {
    const rig = await createRig();
    const { promise: stuck, resolve } = Promise.withResolvers<never>();
    const first = rig.open({ work: (real) => ({ ...real, run: () => stuck }) })();
    const over = new AbortController();
    const second = rig.open()({ attempt: 5 }, over.signal);
    await rig.clock.advance(50_000);
    over.abort();
    await assert.rejects(second, { code: 'request_in_progress' });
    assert.equal((await rig.told())?.state, 'running');
    resolve(undefined as never);
    await assert.rejects(first);
  });

  it('keeps the job running while there is hope, says why, and does it in the end', async () => {
    const rig = await createRig();
    rig.script.push('busy');
    await assert.rejects(rig.open()({ attempt: 1 }), { code: 'too_many_requests' });
    const between = await rig.told();
    assert.deepEqual([between?.state, between?.error?.code], ['running', 'too_many_requests']);
    assert.ok(between?.asked);
    assert.ok(rig.blobs.kept.has(rig.given));
    await rig.open()({ attempt: 2 });
    const told = await rig.told();
    assert.deepEqual([told?.state, told?.error], ['done', undefined]);
  });

  it('ends as failed at the last delivery', async () => {
    const rig = await createRig();
    rig.script.push('busy');
    await rig.open()({ attempt: 5 });
    const told = await rig.told();
    assert.deepEqual([told?.state, told?.error?.code, told?.kept], ['failed', 'too_many_requests', []]);
    assert.deepEqual(states(told), ['left out', 'left out']);
    assert.equal(rig.blobs.kept.size, 0);
  });

  it('ends at once where trying again cannot help', async () => {
    const rig = await createRig();
    rig.script.push('nameless');
    await rig.open()({ attempt: 1 });
    const told = await rig.told();
    assert.deepEqual([told?.state, told?.error], ['failed', { code: 'google_refused', detail: 'Something is wrong.' }]);
    assert.deepEqual([told?.asked, rig.blobs.kept.size], [undefined, 0]);
  });

  it('tells nothing of an error that nobody has foreseen', async () => {
    const rig = await createRig();
    const run = () => Promise.reject(new Error('token ya29.secret'));
    await rig.open({ work: (real) => ({ ...real, run }) })({ attempt: 5 });
    assert.deepEqual((await rig.told())?.error, { code: 'internal', detail: 'Something went wrong here' });
  });

  it('keeps for an undo what may have been replaced, where that could not be found out', async () => {
    const rig = await createRig();
    rig.script.push('lost before', 'lost before', 'lost before');
    await rig.open()({ attempt: 5 });
    const told = await rig.told();
    assert.deepEqual([told?.state, told?.error?.code, told?.kept.length], ['failed', 'outcome_unknown', 1]);
    assert.equal(told?.images[0]?.objects.length, 1);
  });

  it('keeps it also where a later delivery, the last one, could not even look', async () => {
    const rig = await createRig();
    rig.script.push('lost before', 'lost before', 'lost before');
    await assert.rejects(rig.open()({ attempt: 4 }), { code: 'outcome_unknown' });
    const run = () => Promise.reject(new AppError('google_forbidden', 'not shared any more'));
    await rig.open({ work: (real) => ({ ...real, run }) })({ attempt: 5 });
    const told = await rig.told();
    assert.deepEqual([told?.state, told?.error?.code, told?.kept.length], ['failed', 'google_forbidden', 1]);
    assert.equal(told?.images[0]?.objects.length, 1);
  });

  it('keeps it also where Google took all, and nothing of it was seen', async () => {
    const rig = await createRig();
    const objects = [{ objectId: 'made_1', page: 'slide_one', action: 'created' as const, insteadOf: 'logo_shape' }];
    const images = [{ index: 0, state: 'failed' as const, objects, changes: [] }];
    const shape = {
      index: 0,
      kind: 'shape' as const,
      page: 'slide_one',
      element: { objectId: 'logo_shape' },
      above: [],
    };
    const run: Work['run'] = async ({ beforeWrite }) => {
      await beforeWrite?.(images, [shape]);
      return { state: 'failed', images, writes: 1 };
    };
    await rig.open({ work: (real) => ({ ...real, run }) })();
    const told = await rig.told();
    assert.deepEqual([told?.state, told?.kept, told?.images], ['failed', [shape], images]);
  });

  it('lets the event come again when its time is over', async () => {
    const rig = await createRig();
    const run: Work['run'] = ({ signal }) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
      });
    const delivered = rig.open({ work: (real) => ({ ...real, run }) })();
    while (rig.clock.sleepers === 0) await new Promise(setImmediate);
    const refused = assert.rejects(delivered, { code: 'unavailable' });
    await rig.clock.advance(150_000);
    await refused;
    assert.equal((await rig.told())?.state, 'running');
  });

  it('notes progress at most once a second', async () => {
    const rig = await createRig();
    let notes = 0;
    const store: typeof rig.store = {
      ...rig.store,
      replace: (collection, ...rest) => {
        if (collection === 'slides-jobs') notes++;
        return rig.store.replace(collection, ...rest);
      },
    };
    await rig.open({ store })();
    assert.ok(notes <= 3, 'that it runs, the first progress, and what is about to be written');
  });

  it('tells the rest of a job that was found applied from its record', async () => {
    const rig = await createRig();
    const dying = rig.open({
      work: (real) => ({
        ...real,
        run: async (input) => {
          await real.run(input);
          throw new AppError('unavailable', 'it died');
        },
      }),
    });
    await assert.rejects(dying({ attempt: 1 }));
    await rig.open()({ attempt: 2 });
    const told = await rig.told();
    assert.deepEqual([told?.state, told?.images[0]?.sent?.type, rig.batches.length], ['done', 'image/png', 1]);
  });

  it('writes nothing into the deck where the job was ended meanwhile', async () => {
    const rig = await createRig();
    const work = (real: Work): Work => ({
      ...real,
      async run(input) {
        await rig.jobs.update(JOB, (record) => ({ ...record, state: 'failed' }));
        return real.run(input);
      },
    });
    await rig.open({ work })();
    assert.deepEqual([rig.batches.length, (await rig.told())?.error], [0, undefined]);
  });

  it('does the work though its progress cannot be noted', async () => {
    const rig = await createRig();
    let refused = 0;
    const store: typeof rig.store = {
      ...rig.store,
      replace: (collection, id, value, ...rest) => {
        const { images = [] } = value as Partial<JobRecord>;
        const isProgress = images.some(({ state }) => state === 'fetched' || state === 'served');
        if (!isProgress) return rig.store.replace(collection, id, value, ...rest);
        refused++;
        return Promise.reject(new AppError('unavailable', 'The store does not answer'));
      },
    };
    await rig.open({ store })();
    assert.ok(refused > 0);
    assert.equal((await rig.told())?.state, 'done');
  });
});
