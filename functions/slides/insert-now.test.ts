import assert from 'node:assert/strict';
import { it } from 'node:test';
import { AppError } from '#shared/errors.ts';
import type { Work } from '#shared/slides/job.ts';
import { createJobs } from '#shared/slides/jobs.ts';
import type { ImageOutcome, JobOutcome } from '#shared/slides/outcome.ts';
import { withShorthands } from '#shared/store/index.ts';
import { createMemoryDriver } from '#shared/store/memory.ts';
import { createFakeClock } from '#shared/testing/fake-clock.ts';
import { createKeptLog } from '#shared/testing/kept-log.ts';
import { insertNow } from './insert-now.ts';

const objects = [{ objectId: 'made_1', page: 'slide_1', action: 'created' as const }];
const placed: ImageOutcome = { index: 0, state: 'served', objects, changes: [] };

/** One job, again and again. */
function parts(run: Work['run']) {
  const clock = createFakeClock();
  const jobs = createJobs({ store: withShorthands(createMemoryDriver()), clock });
  const own = { jobs, clock, log: createKeptLog(), work: async () => ({ run, dryRun: run }) };
  const asked = { images: [], onError: 'abort', mode: 'private', keepReplaced: false } as const;
  const rest = { identity: { type: 'own' }, caller: 'me', dryRun: false, presentationId: 'd', asked } as const;
  return { jobs, insert: () => insertNow(own, { job: 'j', signal: new AbortController().signal, ...rest }) };
}

/** Requests of one job, one after the other, whose work has said what it is about to write, unless `early`, and then ends so. */
async function recordAfter(error: Error, ...others: { error: Error; early: boolean }[]) {
  const clock = createFakeClock();
  const jobs = createJobs({ store: withShorthands(createMemoryDriver()), clock });
  const ends = [{ error, early: false }, ...others];
  let [now = { error, early: false }] = ends;
  const run: Work['run'] = async ({ beforeWrite }) => {
    if (!now.early) await beforeWrite?.([placed], []);
    throw now.error;
  };
  const parts = { jobs, clock, log: createKeptLog(), work: async () => ({ run, dryRun: run }) };
  const asked = { images: [], onError: 'abort', mode: 'private', keepReplaced: false } as const;
  const rest = {
    identity: { type: 'own' },
    signal: new AbortController().signal,
    caller: 'me',
    dryRun: false,
  } as const;
  for (now of ends) {
    const { message, code } = now.error as AppError;
    await assert.rejects(
      insertNow(parts, { job: 'j', presentationId: 'd', asked, ...rest }),
      (thrown: AppError) => thrown.code === code && thrown.message.startsWith(message),
    );
  }
  return jobs.get('j');
}

it('leaves the record of a write that may have happened for the next try or an undo', async () => {
  for (const error of [new AppError('outcome_unknown', 'no answer'), new Error('nobody foresaw this')]) {
    const record = await recordAfter(error);
    assert.deepEqual([record?.state, record?.images, record?.endedAt], ['running', [placed], undefined]);
  }
});

it('records as failed, with nothing to undo, what Google refused', async () => {
  const record = await recordAfter(new AppError('google_refused', 'no'));
  assert.deepEqual([record?.state, record?.images, record?.error?.code], ['failed', [], 'google_refused']);
});

it('records as failed, with nothing to undo, what certainly was not written, and a repetition goes on', async () => {
  const busy = new AppError('too_many_requests', 'busy');
  const record = await recordAfter(busy);
  assert.deepEqual([record?.state, record?.images, record?.error?.code], ['failed', [], 'too_many_requests']);
  assert.ok(record?.endedAt);
  const again = await recordAfter(busy, { error: new AppError('outcome_unknown', 'no answer'), early: false });
  assert.deepEqual([again?.state, again?.images, again?.error], ['running', [placed], undefined]);
});

it('leaves what an earlier try may have written where it could not even look', async () => {
  const unknown = new AppError('outcome_unknown', 'no answer');
  const early = await recordAfter(unknown, { error: new AppError('unavailable', 'Google is away'), early: true });
  assert.deepEqual([early?.state, early?.images], ['running', [placed]]);
});

it('fails nothing that another request for the same job has begun since, or done', async () => {
  for (const [state, createdAt] of [
    ['running', '2026-02-01T00:00:00.000Z'],
    ['done', undefined],
  ] as const) {
    const { jobs, insert } = parts(async ({ beforeWrite }) => {
      await beforeWrite?.([placed], []);
      await jobs.update('j', (record) => ({ ...record, state, ...(createdAt && { createdAt }) }));
      throw new AppError('too_many_requests', 'busy');
    });
    await assert.rejects(insert(), { code: 'too_many_requests' });
    const record = await jobs.get('j');
    assert.deepEqual([record?.state, record?.images, record?.error], [state, [placed], undefined]);
  }
});

it('leaves a job that was done as it is where a repetition is refused before it could look', async () => {
  let ends = 0;
  const { jobs, insert } = parts(async ({ beforeWrite }) => {
    if (ends++ > 0) throw new AppError('google_forbidden', 'not shared any more');
    await beforeWrite?.([placed], []);
    return { state: 'done', images: [{ ...placed, state: 'verified' }], writes: 1 };
  });
  await insert();
  await assert.rejects(insert(), { code: 'google_forbidden' });
  const record = await jobs.get('j');
  assert.deepEqual([record?.state, record?.error], ['done', undefined]);
});

it('does not go on telling of an error once the job is done', async () => {
  const ends: (() => JobOutcome)[] = [
    () => {
      throw new AppError('unavailable', 'Google is away');
    },
    () => ({ state: 'done', images: [{ ...placed, state: 'verified' }], writes: 0 }),
  ];
  const { jobs, insert } = parts(async ({ beforeWrite }) => {
    if (ends.length === 2) await beforeWrite?.([placed], []);
    return (ends.shift() as () => JobOutcome)();
  });
  await assert.rejects(insert(), { code: 'unavailable' });
  await insert();
  const record = await jobs.get('j');
  assert.deepEqual([record?.state, record?.error], ['done', undefined]);
});

it('goes on saying what an earlier try may have written, until the deck has been looked at again', async () => {
  const unknown = new AppError('outcome_unknown', 'no answer');
  const refused = new AppError('google_forbidden', 'not shared any more');
  const early = await recordAfter(unknown, { error: refused, early: true });
  assert.deepEqual([early?.state, early?.images, early?.error?.code], ['failed', [placed], 'google_forbidden']);
  const late = await recordAfter(unknown, { error: refused, early: false });
  assert.deepEqual([late?.state, late?.images], ['failed', []]);
});

it('names the job to whoever cannot know whether it was done', async () => {
  const jobs = createJobs({ store: withShorthands(createMemoryDriver()), clock: createFakeClock() });
  const run = () => Promise.reject(new AppError('outcome_unknown', 'no answer'));
  const parts = { jobs, clock: createFakeClock(), log: createKeptLog(), work: async () => ({ run, dryRun: run }) };
  const asked = { images: [], onError: 'abort', mode: 'private', keepReplaced: false } as const;
  const rest = { identity: { type: 'own' }, caller: 'me', dryRun: false } as const;
  const { signal } = new AbortController();
  await assert.rejects(insertNow(parts, { job: 'the-job', presentationId: 'd', asked, signal, ...rest }), {
    code: 'outcome_unknown',
    message: /Job the-job /,
  });
});
