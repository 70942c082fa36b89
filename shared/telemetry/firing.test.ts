import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { AppError } from '../errors.ts';
import type { FiringEnd } from '../schedule/firings.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import { carryFiring } from './firing.ts';
import { collect, startMetrics, stopMetrics } from './metrics.ts';
import { note } from './scope.ts';

const FIRING = '2026-01-01T00:05:00Z';

afterEach(stopMetrics);

function rig() {
  const log = createKeptLog();
  const judge = () => ({ outcome: 'again', severity: 'WARNING', message: 'will come again' }) as const;
  const carry = (work: () => Promise<FiringEnd | 'idle'>) =>
    carryFiring({ log, name: 'bus-sync', firing: FIRING, fields: { attempt: 2 }, judge }, work);
  const told = () =>
    log.lines.map(({ severity, outcome, firing, attempt }) => [severity, outcome, firing, attempt].join(' '));
  return { log, carry, told };
}

describe('a firing', () => {
  it('is one line, which is only for whoever looks closely where there was nothing to do', async () => {
    for (const [end, severity] of [
      ['done', 'INFO'],
      ['skipped', 'INFO'],
      ['idle', 'DEBUG'],
      ['failed', 'ERROR'],
    ] as const) {
      const { carry, told } = rig();
      assert.equal(await carry(async () => end), end);
      assert.deepEqual(told(), [`${severity} ${end} ${FIRING} 2`]);
    }
  });

  it('that can never succeed tells why, in the same line', async () => {
    const { log, carry } = rig();
    await carry(async () => {
      note({ error: new AppError('invalid', 'the watchman is ill') });
      return 'failed';
    });
    assert.equal(log.lines.length, 1);
    assert.match(String(log.lines[0]?.['error']), /the watchman is ill/);
  });

  it('that failed says whether the next one may succeed, and when that is due where it is known', async () => {
    const away = new AppError('unavailable', 'LTA cannot be reached', { triedEnough: true });
    for (const [noted, message] of [
      [
        { error: away, next: '2026-01-01T01:05:00Z' },
        'a firing failed; the next one tries again (2026-01-01T01:05:00Z)',
      ],
      [{ error: away }, 'a firing failed; the next one tries again'],
      [{ error: new AppError('invalid', 'x') }, 'a firing can never succeed and is given up'],
      [{}, 'a firing can never succeed and is given up'],
    ] as const) {
      const { log, carry } = rig();
      await carry(async () => {
        note(noted);
        return 'failed';
      });
      assert.deepEqual([log.lines[0]?.['severity'], log.lines[0]?.['message']], ['ERROR', message]);
    }
  });

  it('that has not ended is told of as its carrier judges, worse where nobody foresaw it, and thrown on', async () => {
    for (const [error, severity] of [
      [new AppError('unavailable', 'x'), 'WARNING'],
      [new TypeError('bug'), 'ERROR'],
    ] as const) {
      const { log, carry, told } = rig();
      await assert.rejects(
        carry(() => Promise.reject(error)),
        error,
      );
      assert.deepEqual(told(), [`${severity} again ${FIRING} 2`]);
      assert.equal(log.lines[0]?.['message'], 'will come again');
    }
  });

  it('is measured, and the last good end is remembered', async () => {
    startMetrics(0);
    const { carry } = rig();
    const before = Date.now() / 1000;
    await carry(async () => 'done');
    await carry(async () => 'failed');
    const metrics = collect();
    const [durations] = metrics.filter(({ name }) => name === 'hawker.schedule.firing.duration');
    assert.deepEqual(
      durations?.series.map(({ labels }) => labels.join(' ')),
      ['bus-sync done', 'bus-sync failed'],
    );
    const [success] = metrics.filter(({ name }) => name === 'hawker.schedule.last_success');
    assert.ok((success?.series[0]?.value ?? 0) >= before);
  });
});
