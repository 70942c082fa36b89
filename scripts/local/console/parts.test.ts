import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MANIFEST } from '#functions/manifest.ts';
import { loadConfig } from '#shared/config.ts';
import type { Runtime } from '#shared/define.ts';
import { AppError } from '#shared/errors.ts';
import { systemIds } from '#shared/ids.ts';
import { openLeases } from '#shared/lease/index.ts';
import { withShorthands } from '#shared/store/index.ts';
import { createMemoryDriver } from '#shared/store/memory.ts';
import { docId } from '#shared/store/store.ts';
import { createFakeClock } from '#shared/testing/fake-clock.ts';
import { createKeptLog } from '#shared/testing/kept-log.ts';
import { guardAgainstLeaks } from '#shared/testing/leak-guard.ts';
import { createKept } from './known.ts';
import { createLastFirings } from './last-firings.ts';
import { readLeases } from './parts/leases.ts';
import { readQueue } from './parts/queue.ts';
import { createSchedules } from './parts/schedules.ts';

guardAgainstLeaks();

const START = '2026-01-01T12:00:30Z';

describe('what has to be asked for', () => {
  it('is asked for once, however many want it, and again when it is old', async () => {
    const clock = createFakeClock();
    let reads = 0;
    const kept = createKept({ read: async () => ++reads, goodMs: 3_000, clock });
    assert.deepEqual(kept.value(), {});
    await Promise.all([kept.refreshed(), kept.refreshed()]);
    assert.deepEqual(kept.value(), { value: 1 });
    await clock.advance(2_999);
    await kept.refreshed();
    assert.equal(reads, 1);
    await clock.advance(1);
    assert.deepEqual(kept.value(), { value: 1 }, 'at once, as it was');
    await kept.refreshed();
    assert.deepEqual(kept.value(), { value: 2 });
  });

  it('stays known while it cannot be had, with the reason, and with no text that nobody foresaw', async () => {
    const clock = createFakeClock();
    const answers: (() => number)[] = [
      () => 1,
      () => {
        throw new AppError('unavailable', 'the store does not answer');
      },
      () => {
        throw new TypeError('secret of a driver');
      },
      () => 2,
    ];
    const kept = createKept({ read: () => answers.shift()?.() ?? 0, goodMs: 1_000, clock });
    const next = async () => {
      await clock.advance(1_000);
      await kept.refreshed();
      return kept.value();
    };
    assert.deepEqual(await next(), { value: 1 });
    assert.deepEqual(await next(), { value: 1, trouble: 'the store does not answer' });
    assert.deepEqual(await next(), { value: 1, trouble: 'it could not be read (TypeError)' });
    assert.deepEqual(await next(), { value: 2 });
  });
});

describe('schedules', () => {
  const relay = MANIFEST.filter(({ name }) => name === 'outbox-relay' || name === 'links');
  const start = () => {
    const store = withShorthands(createMemoryDriver());
    const clock = createFakeClock(Date.parse(START));
    const record = (firing: string, state: string) =>
      store.create('schedule-firings', docId('outbox-relay', firing), { state, attempts: 1, at: firing });
    const firings = createLastFirings(['outbox-relay']);
    return { record, seen: firings.keep, read: createSchedules(relay, { store, clock }, firings) };
  };

  it('tell when they fire next, and nothing of an end that nobody knows', async () => {
    const { read } = start();
    assert.deepEqual(await read(), [
      { name: 'outbox-relay', cron: '* * * * *', timeZone: 'UTC', next: '2026-01-01T12:01:00.000Z' },
    ]);
  });

  it('tell how the last recorded firing ended', async () => {
    const { record, read } = start();
    for (const [firing, state] of [
      ['2026-01-01T09:00:00Z', 'failed'],
      ['2026-01-01T11:57:00Z', 'done'],
      ['2026-01-01T11:58:00Z', 'skipped'],
    ] as const)
      await record(firing, state);
    const [row] = await read();
    assert.deepEqual([row?.last?.firing, row?.last?.state], ['2026-01-01T11:58:00Z', 'skipped']);
  });

  it('tell of a firing with nothing to do, which leaves no record, as this process saw it', async () => {
    const { record, seen, read } = start();
    await record('2026-01-01T11:58:00Z', 'done');
    const idle = { kind: 'firing', function: 'outbox-relay', name: 'outbox-relay', outcome: 'idle', ms: 1 } as const;
    seen({ ...idle, at: Date.parse('2026-01-01T12:00:00.100Z'), requestId: '2026-01-01T12:00:00Z' });
    const [row] = await read();
    assert.deepEqual([row?.last?.firing, row?.last?.state], ['2026-01-01T12:00:00Z', 'idle']);
  });
});

describe('leases', () => {
  it('tell whether this process leads, another one, or nobody, those led here first', async () => {
    const store = withShorthands(createMemoryDriver());
    const parts = { store, clock: createFakeClock(), ids: systemIds, log: createKeptLog() };
    const [here, elsewhere] = await Promise.all([openLeases(loadConfig({}), parts), openLeases(loadConfig({}), parts)]);
    const held = await here.lease('mine').tryAcquire();
    const released = await here.lease('a-past-one').tryAcquire();
    const other = await elsewhere.lease('b-theirs').tryAcquire();
    await released?.release();
    const rows = await readLeases({ leases: async () => here });
    assert.deepEqual(
      rows.map(({ name, leads }) => [name, leads]),
      [
        ['mine', 'here'],
        ['b-theirs', 'elsewhere'],
        ['a-past-one', 'nobody'],
      ],
    );
    assert.equal(rows[0]?.token, held?.token);
    await Promise.all([held?.release(), other?.release()]);
    await Promise.all([here.close(1_000), elsewhere.close(1_000)]);
  });
});

describe('the queue', () => {
  it('tells which subscriptions this process handles; of Pub/Sub it knows nothing', () => {
    const depth = { subscription: 'clicks', waiting: 1, oldest: Date.parse(START), dead: 0 };
    const embedded = { depths: () => [depth] } as unknown as Runtime['queue'];
    const [row] = readQueue({ queue: embedded }, []) as { here: boolean; oldest?: string }[];
    assert.deepEqual([row?.here, row?.oldest], [false, '2026-01-01T12:00:30.000Z']);
    assert.equal(readQueue({ queue: {} as Runtime['queue'] }, MANIFEST), 'pubsub');
  });
});
