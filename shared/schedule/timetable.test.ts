import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createTimetable, firingId } from './timetable.ts';

const at = (text: string) => Date.parse(text);

/** The first `count` firings after a moment. */
function firings(cron: string, timeZone: string, after: string, count: number): string[] {
  const timetable = createTimetable({ cron, timeZone });
  const found: string[] = [];
  for (let last = at(after); found.length < count; ) {
    last = timetable.next(last) ?? assert.fail('no firing');
    found.push(firingId(last));
  }
  return found;
}

describe('a timetable', () => {
  it('names the minutes of the pattern by the wall clock of its zone, in UTC', () => {
    assert.deepEqual(firings('30 4 * * 1', 'Asia/Singapore', '2026-01-01T00:00:00Z', 2), [
      '2026-01-04T20:30:00Z',
      '2026-01-11T20:30:00Z',
    ]);
  });

  it('fires a time of day that the change to summer time leaves out right after the gap, and one that comes twice once', () => {
    assert.deepEqual(firings('30 2 * * *', 'Europe/Berlin', '2026-03-28T12:00:00Z', 2), [
      '2026-03-29T01:00:00Z',
      '2026-03-30T00:30:00Z',
    ]);
    assert.deepEqual(firings('30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00:00Z', 2), [
      '2026-10-25T00:30:00Z',
      '2026-10-26T01:30:00Z',
    ]);
  });

  it('goes on by the minute through both changes', () => {
    for (const day of ['2026-03-29', '2026-10-25']) {
      const found = firings('*/15 * * * *', 'Europe/Berlin', `${day}T00:00:00Z`, 12).map(at);
      for (const [index, ms] of found.entries()) assert.equal(ms, at(`${day}T00:00:00Z`) + (index + 1) * 900_000);
    }
  });

  it('never names a moment as after itself, and finds it again as the last one until then', () => {
    const timetable = createTimetable({ cron: '*/7 3-5 * * *', timeZone: 'America/New_York' });
    fc.assert(
      fc.property(fc.integer({ min: at('2020-01-01T00:00:00Z'), max: at('2035-01-01T00:00:00Z') }), (moment) => {
        const next = timetable.next(moment) ?? assert.fail('no firing');
        assert.ok(next > moment);
        assert.equal(timetable.last(next), next);
        assert.equal(timetable.last(next + 59_999), next);
        const last = timetable.last(moment) ?? assert.fail('no firing');
        assert.ok(last <= moment);
        assert.equal(timetable.next(last), next);
      }),
      { numRuns: 300 },
    );
  });

  it('has an end where the pattern has one', () => {
    const timetable = createTimetable({ cron: '0 0 30 2 *', timeZone: 'UTC' });
    assert.equal(timetable.next(at('2026-01-01T00:00:00Z')), undefined);
    assert.equal(timetable.last(at('2026-01-01T00:00:00Z')), undefined);
  });

  it('takes no pattern with seconds, and none that is wrong', () => {
    for (const cron of ['* * * * * *', '61 * * * *', '* * * *', 'x * * * *'])
      assert.throws(() => createTimetable({ cron, timeZone: 'UTC' }), /CronPattern/, cron);
  });

  it('takes no zone that nobody knows', () => {
    for (const timeZone of ['Mars/Base', ''])
      assert.throws(() => createTimetable({ cron: '0 2 * * *', timeZone }), new RegExp(`zone.*: ${timeZone}$`));
  });
});
