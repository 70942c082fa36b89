import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { JobRecord, Jobs } from '#shared/slides/job.ts';
import type { ImageOutcome } from '#shared/slides/outcome.ts';
import { createFakeClock } from '#shared/testing/fake-clock.ts';
import { createKeptLog } from '#shared/testing/kept-log.ts';
import { createProgress } from './progress.ts';

const image = (state: ImageOutcome['state']): ImageOutcome => ({ index: 0, state, objects: [], changes: [] });

it('writes nothing older than what was told meanwhile, where its write comes late', async () => {
  const record = { state: 'running', images: [] } as unknown as JobRecord;
  const { promise: delayed, resolve: go } = Promise.withResolvers<void>();
  const written: (JobRecord | undefined)[] = [];
  const jobs: Pick<Jobs, 'update'> = {
    async update(_, change) {
      await delayed;
      written.push(change(record));
      return record;
    },
  };
  const progress = createProgress('j', { jobs: jobs as Jobs, clock: createFakeClock(), log: createKeptLog() });
  progress.tell([image('fetched')]);
  progress.tell([image('converted')]);
  go();
  await progress.stop();
  assert.deepEqual(
    written.map((one) => one?.images[0]?.state),
    ['converted'],
  );
});
