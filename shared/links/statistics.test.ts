import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isAppError } from '../errors.ts';
import { withShorthands } from '../store/index.ts';
import { createMemoryDriver } from '../store/memory.ts';
import {
  type Breakdown,
  type Count,
  DIMENSIONS,
  type LinkDay,
  readStatistics,
  STATISTICS,
  statisticsId,
} from './statistics.ts';

const count = (all: number): Count => ({ all, human: all, unique: 1 });

function day(total: number, items: Partial<LinkDay> = {}): LinkDay {
  const empty = Object.fromEntries(DIMENSIONS.map((dimension) => [dimension, []]));
  return { total: count(total), ...empty, ...items } as LinkDay;
}

function statistics() {
  const store = withShorthands(createMemoryDriver());
  return {
    put: (linkId: string, date: string, shard: number, value: LinkDay) =>
      store.create(STATISTICS, statisticsId(linkId, date, shard), value),
    read: (linkId: string, from: string, to: string, by: Breakdown = 'day') =>
      readStatistics(store, linkId, { from, to }, by),
  };
}

test('all shards of each day in the range are summed, and nothing else', async () => {
  const { put, read } = statistics();
  await put('a', '2026-01-01', 0, day(1));
  await put('a', '2026-01-02', 0, day(2));
  await put('a', '2026-01-02', 15, day(4));
  await put('a', '2026-01-03', 3, day(8));
  await put('a', '2026-01-04', 3, day(16));
  await put('ab', '2026-01-02', 3, day(32));
  assert.deepEqual(await read('a', '2026-01-02', '2026-01-03'), {
    from: '2026-01-02',
    to: '2026-01-03',
    by: 'day',
    total: { all: 14, human: 14, unique: 3 },
    items: [
      { key: '2026-01-02', all: 6, human: 6, unique: 2 },
      { key: '2026-01-03', all: 8, human: 8, unique: 1 },
    ],
  });
});

test('hours are told by their beginning', async () => {
  const { put, read } = statistics();
  await put(
    'a',
    '2026-01-02',
    0,
    day(3, {
      hour: [
        { key: '23', ...count(1) },
        { key: '04', ...count(2) },
      ],
    }),
  );
  await put('a', '2026-01-03', 0, day(1, { hour: [{ key: '04', ...count(1) }] }));
  const { items } = await read('a', '2026-01-02', '2026-01-03', 'hour');
  assert.deepEqual(
    items.map(({ key, all }) => [key, all]),
    [
      ['2026-01-02T04:00:00Z', 2],
      ['2026-01-02T23:00:00Z', 1],
      ['2026-01-03T04:00:00Z', 1],
    ],
  );
});

test('values come with the most hits first', async () => {
  const { put, read } = statistics();
  const country = (...pairs: [string, number][]) => ({ country: pairs.map(([key, all]) => ({ key, ...count(all) })) });
  await put('a', '2026-01-02', 0, day(5, country(['SG', 2], ['DE', 3])));
  await put('a', '2026-01-02', 1, day(4, country(['SG', 2], ['AT', 3])));
  const { items } = await read('a', '2026-01-02', '2026-01-02', 'country');
  assert.deepEqual(
    items.map(({ key, all }) => [key, all]),
    [
      ['SG', 4],
      ['AT', 3],
      ['DE', 3],
    ],
  );
});

test('beyond a thousand values the rest is one', async () => {
  const { put, read } = statistics();
  for (let shard = 0; shard < 11; shard++) {
    const referrer = Array.from({ length: 100 }, (_, index) => ({ key: `${shard}-${index}`, ...count(1) }));
    await put('a', '2026-01-02', shard, day(101, { referrer: [{ key: 'other', ...count(5) }, ...referrer] }));
  }
  const { items } = await read('a', '2026-01-02', '2026-01-02', 'referrer');
  assert.equal(items.length, 1_000);
  assert.equal(items.at(-1)?.key, 'other');
  assert.equal(items.filter(({ key }) => key === 'other').length, 1);
  assert.equal(
    items.reduce((sum, { all }) => sum + all, 0),
    1_155,
  );
});

test('more documents than one page holds are read', async () => {
  const { put, read } = statistics();
  for (let index = 0; index < 120; index++) {
    const date = new Date(Date.UTC(2026, 0, 1 + Math.floor(index / 2))).toISOString().slice(0, 10);
    await put('a', date, index % 2, day(1));
  }
  assert.equal((await read('a', '2026-01-01', '2026-12-31')).total.all, 120);
});

test('a link without hits has none', async () => {
  const { read } = statistics();
  assert.deepEqual((await read('a', '2026-01-01', '2026-01-01')).items, []);
});

test('a range that is none or too long is refused by name', async () => {
  const { read } = statistics();
  const cases: [string, string, Breakdown, string][] = [
    ['2026-02-30', '2026-03-01', 'day', '?from'],
    ['2026-02-01', 'today', 'day', '?to'],
    ['2026-02-02', '2026-02-01', 'day', '?to'],
    ['2025-01-01', '2026-02-05', 'day', '?from'],
    ['2026-01-01', '2026-02-01', 'hour', '?from'],
  ];
  for (const [from, to, by, pointer] of cases)
    await assert.rejects(
      read('a', from, to, by),
      (error) => isAppError(error, 'invalid') && error.errors?.[0]?.pointer === pointer,
    );
  await read('a', '2025-01-01', '2026-02-04');
  await read('a', '2026-01-01', '2026-01-31', 'hour');
});
