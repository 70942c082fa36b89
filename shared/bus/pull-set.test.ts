/** Fetching from a DataMall that answers over a socket, faults included. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { systemClock } from '../clock.ts';
import { isAppError } from '../errors.ts';
import { systemIds } from '../ids.ts';
import { createBudget } from '../lta/budget.ts';
import { createLtaClient } from '../lta/client.ts';
import { stopCode, stopRow } from '../testing/datamall-rows.ts';
import { startFakeLta } from '../testing/fake-lta.ts';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import { createSkippingClock } from '../testing/skipping-clock.ts';
import { type PullOptions, pullSet } from './pull-set.ts';

guardAgainstLeaks();

const PATH = { path: '/BusStops' };

async function begin(
  t: TestContext,
  rows: number,
  given: { callsPerMinute?: number; key?: string; pages?: unknown[][] } = {},
) {
  const lta = await startFakeLta();
  t.after(() => lta.close());
  lta.setSet(
    'BusStops',
    Array.from({ length: rows }, (_, index) => stopRow(index)),
  );
  const clock = createSkippingClock();
  const { callsPerMinute = 6_000, key = lta.key } = given;
  const options: PullOptions = {
    client: createLtaClient({ baseUrl: lta.url, key, clock: systemClock }),
    budget: createBudget({ clock, callsPerMinute }),
    clock,
    ids: systemIds,
  };
  return {
    lta,
    clock,
    pull: (more: Partial<PullOptions> = {}) => pullSet('BusStops', { ...options, ...more }),
    skips: () => lta.calls.map(({ skip }) => skip),
  };
}

const noAnswer = (rule: RegExp) => (error: unknown) =>
  isAppError(error, 'unavailable') && error.mayPass && !error.retryable && rule.test(error.message);
const doubt = (rule: RegExp) => (error: unknown) => isAppError(error, 'invalid') && rule.test(error.message);

describe('a set is fetched', () => {
  it('to its last row, page by page', async (t) => {
    const { pull, skips } = await begin(t, 1_203);
    const rows = await pull();
    assert.deepEqual([rows.length, rows.at(-1)?.['BusStopCode']], [1_203, stopCode(1_202)]);
    assert.deepEqual(skips(), [0, 499, 998, 1_202]);
  });

  it('also where the last page is full, and where there is nothing', async (t) => {
    const full = await begin(t, 1_000);
    assert.equal((await full.pull()).length, 1_000);
    const none = await begin(t, 0);
    assert.deepEqual(await none.pull(), []);
  });

  it('from a DataMall that rounds down what is no whole page', async (t) => {
    const { pull } = await begin(t, 0);
    const asked: number[] = [];
    const aligned = (rows: number): Partial<PullOptions> => ({
      client: {
        page: async (_set, skip) => {
          asked.push(skip);
          const from = Math.floor(skip / 500) * 500;
          return Array.from({ length: Math.max(0, Math.min(500, rows - from)) }, (_, index) => stopRow(from + index));
        },
      },
    });
    for (const rows of [1, 120, 500, 501, 1_000, 1_203]) {
      const codes = (await pull(aligned(rows))).map((row) => row['BusStopCode']);
      assert.deepEqual(
        codes,
        Array.from({ length: rows }, (_, index) => stopCode(index)),
      );
    }
    asked.length = 0;
    await pull(aligned(1_203));
    assert.deepEqual(asked, [0, 499, 500, 1_000]);
  });

  it('past a page that comes short in the middle', async (t) => {
    const { pull, lta, skips } = await begin(t, 900);
    const short = JSON.stringify({ value: Array.from({ length: 300 }, (_, index) => stopRow(index)) });
    lta.fail({ kind: 'answer', status: 200, body: short }, { ...PATH, skip: 0 });
    assert.equal((await pull()).length, 900);
    assert.deepEqual(skips(), [0, 299, 798, 899]);
  });

  it('at the pace of the budget', async (t) => {
    const { pull, clock, lta } = await begin(t, 2_000, { callsPerMinute: 4 });
    await pull();
    assert.equal(lta.calls.length, 6);
    assert.ok(clock.mono() >= 60_000, String(clock.mono()));
  });
});

describe('a page that fails in a way that may pass is asked for again', () => {
  const faults = [
    { kind: 'cut' },
    { kind: 'lose' },
    { kind: 'html' },
    { kind: 'empty' },
    { kind: 'gzip junk' },
    { kind: 'answer', status: 503 },
    { kind: 'answer', status: 500, body: '{"value":[]}' },
  ] as const;
  for (const fault of faults)
    it(`${fault.kind}${'status' in fault ? ` ${fault.status}` : ''}: twice, and is had then`, async (t) => {
      const { pull, lta, clock } = await begin(t, 700);
      lta.fail(fault, { ...PATH, skip: 499, times: 2 });
      assert.equal((await pull()).length, 700);
      assert.ok(clock.sleeps.length >= 2);
    });

  it('after as long as LTA asks for', async (t) => {
    const { pull, lta, clock } = await begin(t, 700);
    lta.fail({ kind: 'answer', status: 429, headers: { 'retry-after': '37' } }, { ...PATH, times: 1 });
    assert.equal((await pull()).length, 700);
    assert.ok(clock.sleeps.includes(37_000), String(clock.sleeps));
  });

  it('but not for ever', async (t) => {
    const { pull, lta } = await begin(t, 700);
    lta.fail({ kind: 'cut' }, { ...PATH, skip: 499 });
    await assert.rejects(pull(), noAnswer(/^BusStops: the page after 499 rows could not be had: LTA/));
    assert.equal(lta.calls.filter(({ skip }) => skip === 499).length, 5);
  });
});

describe('a set is given up', () => {
  it('as what may pass, though nobody repeats it at once, where nothing listens at the address', async (t) => {
    const { pull, lta } = await begin(t, 700);
    await lta.close();
    await assert.rejects(pull(), noAnswer(/^BusStops: the page after 0 rows could not be had: LTA/));
  });

  it('at once where the key is refused, and nobody learns the key', async (t) => {
    const { pull, lta } = await begin(t, 700, { key: 'not-the-right-key' });
    await assert.rejects(
      pull(),
      (error) =>
        isAppError(error, 'not_configured') &&
        /^BusStops: .*LTA_ACCOUNT_KEY/.test(error.message) &&
        !error.message.includes('not-the'),
    );
    assert.equal(lta.calls.length, 1);
  });

  it('at once where LTA asks to stay away for minutes, or does not know the address', async (t) => {
    const { pull, lta } = await begin(t, 700);
    lta.fail({ kind: 'answer', status: 429, headers: { 'retry-after': '300' } }, { ...PATH, times: 1 });
    await assert.rejects(pull(), noAnswer(/429/));
    lta.fail({ kind: 'answer', status: 404 }, { ...PATH, times: 1 });
    await assert.rejects(pull(), doubt(/404/));
    assert.equal(lta.calls.length, 2);
  });

  it('where the same page comes again and again', async (t) => {
    const { pull, lta } = await begin(t, 2_000);
    lta.fail({ kind: 'endless pages' }, PATH);
    await assert.rejects(pull(), doubt(/^BusStops: it has no end: the same page again/));
    assert.equal(lta.calls.length, 3);
  });

  const all = Array.from({ length: 1_200 }, (_, index) => stopRow(index));
  const changes: [string, unknown[]][] = [
    ['a row has gone', all.slice(1)],
    ['a row has come', [stopRow(5_000), ...all]],
    ['the rest has gone', all.slice(0, 450)],
    ['all has gone', []],
    ['it is another', all.toReversed()],
  ];
  for (const [what, rows] of changes)
    it(`where ${what} while it was read`, async (t) => {
      const { pull, lta } = await begin(t, all.length);
      const release = lta.hold({ ...PATH, skip: 499 });
      const pulled = pull();
      pulled.catch(() => undefined);
      await lta.called(2);
      lta.setSet('BusStops', rows);
      release();
      await assert.rejects(pulled, doubt(/^BusStops: it does not go on after 500 rows where it did; has it changed/));
    });

  it('where it has no end', async () => {
    const clock = createSkippingClock();
    let pages = 0;
    const client = { page: async () => [{ BusStopCode: String(pages++) }, { BusStopCode: String(pages) }] };
    const budget = createBudget({ clock, callsPerMinute: 6_000 });
    await assert.rejects(pullSet('BusStops', { client, budget, clock, ids: systemIds }), doubt(/has no end/));
    assert.equal(pages, 200);
  });

  it('as soon as nobody wants it any more: while it is fetched, and while it waits', async (t) => {
    const { pull, lta } = await begin(t, 700);
    const reason = new Error('the lease is lost');
    const release = lta.hold(PATH);
    const fetching = new AbortController();
    const fetched = pull({ signal: fetching.signal });
    await lta.called(1);
    fetching.abort(reason);
    await assert.rejects(fetched, reason);
    release();

    const waiting = new AbortController();
    const budget = { take: () => false, waitMs: () => 1 };
    const waited = pull({ signal: waiting.signal, budget });
    waiting.abort(reason);
    await assert.rejects(waited, reason);
    assert.equal(lta.calls.length, 1);
  });
});
