import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Held } from '#shared/lease/lease.ts';
import { createRig, TARGET } from '#shared/migrations/runner-rig.ts';
import type { Target } from '#shared/migrations/target.ts';
import { createKeptLog } from '#shared/testing/kept-log.ts';
import { createScheduleRun } from './handler.ts';

const MINUTE = 60_000;

function scheduleRig(targets: Target[]) {
  const rig = createRig();
  const published: { id: string; run: string }[] = [];
  const trouble = { publish: false };
  const reads = { count: 0 };
  const run = createScheduleRun({
    targets: async () => targets,
    runs: {
      begin: rig.runs.begin,
      list: rig.runs.list,
      get: (id) => {
        reads.count++;
        return rig.runs.get(id);
      },
    },
    queue: {
      async publish(_topic, event) {
        if (trouble.publish) throw new Error('the queue is down');
        published.push({ id: event.id, run: (event.data as { run: string }).run });
      },
    },
    clock: rig.clock,
    log: createKeptLog(),
  });
  const fire = () => run({ id: 'f', held: undefined as unknown as Held, signal: new AbortController().signal });
  /** Moves the clock to the next time that is so many minutes past the hour. */
  const at = async (minute: number) => {
    const [now, hour] = [rig.clock.now(), 60 * MINUTE];
    await rig.clock.advance((Math.floor(now / hour) + 1) * hour + minute * MINUTE - now);
  };
  return { ...rig, fire, at, published, trouble, reads };
}

describe('the schedule of a target', () => {
  it('begins one up for each time it is due, whoever is told of the firing again', async () => {
    const rig = scheduleRig([{ ...TARGET, schedule: '10 * * * *' }]);
    await rig.at(12);
    await rig.fire();
    const [first] = rig.published;
    const record = await rig.runs.get(first?.run ?? '');
    assert.deepEqual([record?.target, record?.command, record?.state], ['shop', 'up', 'queued']);
    assert.match(record?.by ?? '', /^schedule 10 \* \* \* \* \(.*:10:00Z\)$/);
    await rig.process().run(first?.run ?? '', { seq: 0 });
    await rig.fire();
    await rig.clock.advance(5 * MINUTE);
    await rig.fire();
    assert.equal(rig.published.length, 1);
    await rig.at(11);
    await rig.fire();
    assert.equal(new Set(rig.published.map(({ run }) => run)).size, 2);
  });

  it('reads nothing where none was due within the hour, and begins nothing that was due before', async () => {
    const rig = scheduleRig([TARGET, { ...TARGET, name: 'yearly', schedule: '0 3 1 1 *' }]);
    await rig.clock.advance(40 * 24 * 60 * MINUTE);
    await rig.fire();
    assert.deepEqual([rig.reads.count, rig.published], [0, []]);
  });

  it('begins nothing beside a run that somebody paused, and the next one after it', async () => {
    const rig = scheduleRig([{ ...TARGET, schedule: '10 * * * *' }]);
    const paused = await rig.begin({ command: 'up' });
    await rig.runs.pause(paused);
    await rig.at(12);
    await rig.fire();
    assert.deepEqual(rig.published, []);
    await rig.runs.cancel(paused);
    await rig.at(11);
    await rig.fire();
    assert.equal(rig.published.length, 1);
  });

  it('publishes again what it could not, and is held up by no other target', async () => {
    const rig = scheduleRig([
      { ...TARGET, schedule: '10 * * * *' },
      { ...TARGET, name: 'other', schedule: '10 * * * *' },
    ]);
    await rig.at(12);
    rig.trouble.publish = true;
    await assert.rejects(rig.fire(), /the queue is down/);
    rig.trouble.publish = false;
    await rig.fire();
    const runs = await Promise.all(rig.published.map(({ run }) => rig.runs.get(run)));
    assert.deepEqual(runs.map((run) => String(run?.target)).toSorted(), ['other', 'shop']);
  });
});
