/** When the embedded schedule tells of a firing, and how often. What then becomes of it is told in firings.test.ts. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ScheduleTrigger } from '../define.ts';
import { AppError } from '../errors.ts';
import { systemIds } from '../ids.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import { runSchedule } from './embedded.ts';
import type { Firings } from './firings.ts';
import { scheduledRow } from './rig.ts';

interface Told {
  firing: string;
  signal: AbortSignal;
  ends: (how: 'done' | AppError) => void;
}

interface Given {
  start?: string;
  cron?: string;
  overlap?: ScheduleTrigger['overlap'];
  begun?: string[];
  /** What each telling comes to at once; without it a test decides. */
  answer?: (firing: string, attempt: number) => 'done' | AppError;
}

/** A schedule at noon of the first of January, a wall clock that may jump, and all that is told. */
function begin({
  start = '2026-01-01T12:00:00Z',
  cron = '*/5 * * * *',
  overlap = 'skip',
  begun = [],
  answer,
}: Given = {}) {
  const fake = createFakeClock(Date.parse(start));
  let jumped = 0;
  const clock = { ...fake, now: () => fake.now() + jumped };
  const log = createKeptLog();
  const told: Told[] = [];
  const firings: Firings = {
    isBegun: async (firing) => begun.includes(firing),
    handle: (firing, { signal }) => {
      const { promise, resolve, reject } = Promise.withResolvers<'done'>();
      const ends = (how: 'done' | AppError) => (how === 'done' ? resolve(how) : reject(how));
      told.push({ firing, signal, ends });
      if (answer) ends(answer(firing, told.filter((each) => each.firing === firing).length));
      return promise;
    },
  };
  const row = scheduledRow({ cron, overlap });
  const ids = { ...systemIds, random: () => 1 };
  const schedule = runSchedule({ row, firings, clock, ids, log });
  return {
    told,
    log,
    schedule,
    advance: async (ms: number) => {
      // The first look at the clock comes after a look into the store.
      await new Promise(setImmediate);
      await fake.advance(ms);
    },
    /** The wall clock jumps, the monotonic one does not. */
    jump: (ms: number) => {
      jumped += ms;
    },
    sleepers: () => fake.sleepers,
    firings: () => told.map(({ firing }) => firing.slice(11, 16)),
    said: (part: RegExp) => log.lines.filter(({ message }) => part.test(String(message))),
  };
}

const done = () => 'done' as const;
const MINUTE = 60_000;
const elsewhere = new AppError('request_in_progress', 'x');
const broken = new AppError('unavailable', 'x');

describe('an embedded schedule', () => {
  it('tells of each firing when its minute comes, and of none before', async () => {
    const { advance, firings } = begin({ answer: done });
    await advance(5 * MINUTE - 1);
    assert.deepEqual(firings(), []);
    await advance(1);
    assert.deepEqual(firings(), ['12:05']);
    await advance(10 * MINUTE);
    assert.deepEqual(firings(), ['12:05', '12:10', '12:15']);
  });

  it('keeps the time of its own zone', async () => {
    const { advance, told } = begin({ start: '2026-01-01T19:59:00Z', cron: '0 4 * * *', answer: done });
    await advance(MINUTE);
    assert.deepEqual(
      told.map(({ firing }) => firing),
      ['2026-01-01T20:00:00Z'],
    );
  });

  it('does not catch up what was due before it started', async () => {
    const { advance, firings } = begin({ start: '2026-01-01T12:05:01Z', answer: done });
    await advance(MINUTE);
    assert.deepEqual(firings(), []);
  });

  it('takes up the last firing where somebody has begun it and nobody has ended it', async () => {
    const begun = ['2026-01-01T12:05:00Z', '2026-01-01T12:00:00Z'];
    const { advance, firings } = begin({ start: '2026-01-01T12:08:00Z', begun, answer: done });
    await advance(1);
    assert.deepEqual(firings(), ['12:05']);
  });

  it('notices within a minute that the wall clock has jumped, and says what it missed', async () => {
    const { advance, jump, firings, said } = begin({ answer: done });
    await advance(MINUTE);
    jump(3 * 60 * MINUTE + 3 * MINUTE + 30_000);
    await advance(MINUTE);
    assert.deepEqual(firings(), ['15:05']);
    assert.deepEqual(
      said(/missed/).map(({ since }) => since),
      ['2026-01-01T12:05:00Z'],
    );
  });

  it('goes by a wall clock that was put back', async () => {
    const { advance, jump, firings } = begin({ answer: done });
    await advance(5 * MINUTE);
    jump(-60 * MINUTE);
    await advance(5 * MINUTE);
    assert.deepEqual(firings(), ['12:05', '11:10']);
  });

  it('tries a failed firing again, further and further apart, until the next is due', async () => {
    const { advance, told, firings, said } = begin({ answer: () => broken });
    await advance(5 * MINUTE + 3_000);
    assert.deepEqual(firings(), ['12:05', '12:05', '12:05']);
    await advance(4 * MINUTE + 56_999);
    assert.equal(new Set(firings()).size, 1);
    assert.equal(told.length, 10);
    await advance(1);
    assert.deepEqual(firings().slice(10), ['12:10']);
    await advance(2 * MINUTE);
    assert.ok(!firings().slice(10).includes('12:05'));
    assert.ok(said(/come again/).length >= 10);
  });

  it('gives up a run that fails after the next firing was due', async () => {
    const { advance, told, firings, said } = begin();
    await advance(10 * MINUTE);
    told[0]?.ends(broken);
    await advance(MINUTE);
    assert.deepEqual(firings(), ['12:05', '12:10']);
    assert.equal(said(/given up/).length, 1);
  });

  it('asks after a firing that runs elsewhere until the next is due, and complains of nothing', async () => {
    const answer: Given['answer'] = (firing, attempt) => (firing.includes('12:05') || attempt < 4 ? elsewhere : 'done');
    const { advance, firings, log } = begin({ answer });
    await advance(11 * MINUTE);
    assert.ok(firings().indexOf('12:10') > 4);
    assert.deepEqual(firings().slice(firings().indexOf('12:10')), ['12:10', '12:10', '12:10', '12:10']);
    assert.deepEqual(
      new Set(log.lines.map(({ severity, outcome }) => `${String(severity)} ${String(outcome)}`)),
      new Set(['DEBUG again', 'INFO done']),
    );
  });

  it('does not repeat what no repetition can mend', async () => {
    const { advance, firings, said } = begin({ answer: () => new AppError('invalid', 'x') });
    await advance(9 * MINUTE);
    assert.deepEqual(firings(), ['12:05']);
    assert.equal(said(/given up/).length, 1);
  });

  it('tells of the next firing while one still runs, for it to be skipped', async () => {
    const { advance, firings } = begin();
    await advance(10 * MINUTE);
    assert.deepEqual(firings(), ['12:05', '12:10']);
  });
});

describe('an embedded schedule that queues', () => {
  it('tells of firings in their order, each after the end of the one before', async () => {
    const { advance, told, firings } = begin({ overlap: 'queue' });
    await advance(15 * MINUTE);
    assert.deepEqual(firings(), ['12:05']);
    told[0]?.ends('done');
    await advance(0);
    assert.deepEqual(firings(), ['12:05', '12:10']);
    told[1]?.ends('done');
    await advance(0);
    assert.deepEqual(firings(), ['12:05', '12:10', '12:15']);
  });

  it('waits for the end of a firing that runs elsewhere though others wait behind it', async () => {
    let over = false;
    const { advance, firings } = begin({
      overlap: 'queue',
      answer: (firing) => (over || !firing.includes('12:05') ? 'done' : elsewhere),
    });
    await advance(11 * MINUTE);
    assert.deepEqual([...new Set(firings())], ['12:05']);
    over = true;
    await advance(MINUTE);
    assert.deepEqual([...new Set(firings())], ['12:05', '12:10']);
  });

  it('gives up a firing that fails while others wait behind it', async () => {
    const { advance, told, firings } = begin({ overlap: 'queue' });
    await advance(15 * MINUTE);
    told[0]?.ends(broken);
    await advance(0);
    assert.deepEqual(firings(), ['12:05', '12:10']);
    told[1]?.ends(broken);
    await advance(0);
    assert.deepEqual(firings(), ['12:05', '12:10', '12:15']);
  });

  it('lets ten wait and drops what comes then', async () => {
    const { advance, told, firings, said } = begin({ overlap: 'queue' });
    await advance(13 * 5 * MINUTE);
    assert.deepEqual(
      said(/dropped/).map(({ firing }) => String(firing).slice(11, 16)),
      ['13:00', '13:05'],
    );
    for (let index = 0; index < 11; index++) {
      told[index]?.ends('done');
      await advance(0);
    }
    assert.deepEqual(firings().slice(-2), ['12:50', '12:55']);
  });
});

describe('an embedded schedule that is stopped', () => {
  for (const overlap of ['skip', 'queue'] as const) {
    it(`tells the run under way, waits for its end, and fires no more (${overlap})`, async () => {
      const { advance, told, schedule, sleepers, firings } = begin({ overlap });
      await advance(5 * MINUTE);
      let stopped = false;
      const stopping = schedule.stop(10_000).then(() => {
        stopped = true;
      });
      await advance(0);
      assert.equal(told[0]?.signal.aborted, true);
      assert.equal(stopped, false);
      told[0]?.ends(told[0].signal.reason as AppError);
      await stopping;
      await advance(30 * MINUTE);
      assert.deepEqual(firings(), ['12:05']);
      assert.equal(sleepers(), 0);
    });
  }

  it('does not wait for a run that does not end', async () => {
    const { advance, told, schedule } = begin();
    await advance(5 * MINUTE);
    assert.equal(told.length, 1);
    await schedule.stop(10);
  });
});
