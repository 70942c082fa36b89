import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Blobs, blobName } from '#shared/blobs/blobs.ts';
import type { Firing } from '#shared/define.ts';
import { AppError } from '#shared/errors.ts';
import { createFakeClock } from '#shared/testing/fake-clock.ts';
import { createKeptLog } from '#shared/testing/kept-log.ts';
import { createSweep } from './handler.ts';

const MINUTE = 60_000;

function begin(names: (now: number) => string[]) {
  const clock = createFakeClock();
  const log = createKeptLog();
  const kept = new Set(names(clock.now()));
  const calls: string[] = [];
  const blobs = {
    async list(after: string | undefined, limit: number) {
      calls.push('list');
      return [...kept]
        .sort()
        .filter((name) => after === undefined || name > after)
        .slice(0, limit);
    },
    async delete(name: string) {
      calls.push('delete');
      kept.delete(name);
    },
  } as Pick<Blobs, 'list' | 'delete'> as Blobs;
  const sweep = createSweep({ blobs: async () => blobs, clock, log });
  const firing = (given: { signal?: AbortSignal; assert?: () => void } = {}) =>
    ({
      id: 'now',
      signal: given.signal ?? new AbortController().signal,
      held: { assert: given.assert ?? (() => undefined) },
    }) as Firing;
  return { clock, log, kept, calls, sweep, firing };
}

describe('a firing of slides-sweep', () => {
  it('removes what is overdue, leaves what is not, and says how much that was', async () => {
    const { kept, sweep, firing, log, clock } = begin((now) => [
      blobName(now - MINUTE, 'a'),
      blobName(now, 'b'),
      blobName(now + 1_000, 'c'),
      blobName(now + MINUTE, 'd'),
    ]);
    assert.equal(await sweep.idle(), false);
    assert.deepEqual(await sweep.run(firing()), []);
    assert.deepEqual(
      [...kept].map((name) => name.slice(-1)),
      ['c', 'd'],
    );
    assert.deepEqual(
      log.lines.map(({ removed }) => removed),
      [2],
    );
    assert.equal(await sweep.idle(), true);
    await clock.advance(1_000);
    assert.equal(await sweep.idle(), false);
  });

  it('has nothing to do, for one listing, where nothing is overdue or there', async () => {
    for (const names of [() => [], (now: number) => [blobName(now + MINUTE, 'a')]]) {
      const { sweep, calls } = begin(names);
      assert.equal(await sweep.idle(), true);
      assert.deepEqual(calls, ['list']);
    }
  });

  it('goes on page by page, leaves names alone that are none of its own, and ends after so many', async () => {
    const many = (now: number) => Array.from({ length: 2_500 }, (_, n) => blobName(now - MINUTE * (n + 1), 'x'));
    const { kept, sweep, firing, calls } = begin((now) => ['00-someone-elses', ...many(now)]);
    await sweep.run(firing());
    assert.equal(kept.size, 2_501 - 1_999);
    assert.equal(calls.filter((call) => call === 'list').length, 10);
    assert.equal(await sweep.idle(), false);
    await sweep.run(firing());
    assert.deepEqual([...kept], ['00-someone-elses']);
  });

  it('stops at once where it must go, or does not hold its lease any more', async () => {
    const aborted = begin((now) => [blobName(now, 'a')]);
    await assert.rejects(aborted.sweep.run(aborted.firing({ signal: AbortSignal.abort(new Error('go')) })), /go/);
    assert.equal(aborted.kept.size, 1);
    const lost = begin((now) => [blobName(now, 'a')]);
    const refuse = () => {
      throw new AppError('lease_lost', 'another holds it');
    };
    await assert.rejects(lost.sweep.run(lost.firing({ assert: refuse })), { code: 'lease_lost' });
    assert.equal(lost.kept.size, 1);
  });
});
