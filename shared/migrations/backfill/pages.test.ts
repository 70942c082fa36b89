import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createFakeClock } from '../../testing/fake-clock.ts';
import type { PagesDone } from '../session.ts';
import { type Page, type Paging, runPages } from './pages.ts';

const BEFORE = { pages: 0, rows: 0, written: 0 };

/** Pages of ten rows, each of which takes `ms`, until there have been `count`. */
function paging(count: number, ms: (page: number) => number, more: Partial<Paging> = {}) {
  const clock = createFakeClock();
  const began: number[] = [];
  const page = async (): Promise<Page> => {
    if (began.length === count) return { rows: 0, written: 0, ended: true };
    began.push(clock.mono());
    const takes = ms(began.length);
    if (takes > 0) await clock.sleep(takes);
    return { rows: 10, written: 4, ended: false };
  };
  const signal = new AbortController().signal;
  const work = runPages({ page, before: BEFORE, clock, signal, ...more });
  const through = async () => {
    let over = false;
    work.then(
      () => (over = true),
      () => (over = true),
    );
    for (let turn = 0; !over && turn < 10_000; turn++) await clock.advance(clock.sleepers > 0 ? 1 : 0);
    return work;
  };
  return { clock, began, through };
}

describe('the loop of pages', () => {
  it('goes on without a pause where no pace is given', async () => {
    const { began, through } = paging(4, () => 5);
    assert.deepEqual(await through(), { done: { pages: 4, rows: 40, written: 16 }, stopped: undefined });
    assert.deepEqual(began, [0, 5, 10, 15]);
  });

  it('keeps to its pace, time for the page itself included, and does not catch up on a slow page', async () => {
    const { began, through } = paging(5, (page) => (page === 2 ? 30 : 4), { rowsPerSecond: 1_000 });
    await through();
    assert.deepEqual(began, [0, 10, 40, 50, 60]);
  });

  it('counts on from the checkpoint, and tells how long the rest will take', async () => {
    const told: PagesDone[] = [];
    const before = { pages: 7, rows: 70, written: 28, rowsTotal: 100 };
    const { through } = paging(3, () => 5, {
      before,
      rowsPerSecond: 1_000,
      onPage: async (done) => void told.push(done),
    });
    await through();
    assert.deepEqual(told, [
      { pages: 8, rows: 80, written: 32, rowsTotal: 100, etaMs: 20 },
      { pages: 9, rows: 90, written: 36, rowsTotal: 100, etaMs: 10 },
      { pages: 10, rows: 100, written: 40, rowsTotal: 100, etaMs: 0 },
    ]);
  });

  it('stops at once where it is told to, without waiting for its pace', async () => {
    const { clock, through } = paging(9, () => 0, {
      rowsPerSecond: 1,
      onPage: async ({ pages }) => (pages === 1 ? 'paused' : undefined),
    });
    assert.deepEqual(await through(), { done: { ...BEFORE, pages: 1, rows: 10, written: 4 }, stopped: 'paused' });
    assert.equal(clock.mono(), 0);
  });

  it('ends with the reason of its signal, in its pause too', async () => {
    const stop = new AbortController();
    const { clock, began, through } = paging(9, () => 0, { rowsPerSecond: 1, signal: stop.signal });
    await clock.advance(1);
    stop.abort(new Error('enough'));
    await assert.rejects(through(), /enough/);
    assert.equal(began.length, 1);
  });
});
