import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { isAppError } from '#shared/errors.ts';
import { type Hit, LABELS } from '#shared/links/records.ts';
import { DIMENSIONS } from '#shared/links/statistics.ts';
import { type CountedHit, countedHit, emptyDay, openDay } from './counters.ts';
import { parseHit } from './schema.ts';

const CHROME =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36';
const IPHONE =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1';

const hit = (given: Partial<Hit> = {}): Hit => ({
  linkId: 'l1',
  host: 'go.example',
  slug: 'sale',
  match: 'exact',
  target: 'https://shop.example/sale',
  status: 302,
  label: 'human',
  reason: 'none',
  ...given,
});

describe('a hit', () => {
  test('belongs to the day and hour it happened on, in UTC', () => {
    const { day, keys } = countedHit(hit(), '2026-01-01T00:30:00+08:00');
    assert.deepEqual([day, keys.hour], ['2025-12-31', '16']);
    assert.throws(
      () => countedHit(hit(), 'soon'),
      (error) => isAppError(error, 'invalid'),
    );
  });

  test('is counted by what is known of it', () => {
    const { keys } = countedHit(
      hit({ userAgent: CHROME, country: 'SG', referrer: 'news.example' }),
      '2026-01-01T05:00:00Z',
    );
    assert.deepEqual(keys, {
      hour: '05',
      label: 'human',
      country: 'SG',
      referrer: 'news.example',
      target: 'https://shop.example/sale',
      device: 'desktop',
      browser: 'Chrome',
    });
  });

  test('says so where something is not known', () => {
    const { keys } = countedHit(hit({ userAgent: ' ' }), '2026-01-01T05:00:00Z');
    assert.deepEqual(
      [keys.country, keys.referrer, keys.device, keys.browser],
      ['unknown', 'direct', 'unknown', 'unknown'],
    );
    assert.equal(countedHit(hit({ userAgent: IPHONE }), '2026-01-01T05:00:00Z').keys.device, 'mobile');
  });

  test('has a visitor only if it is by a person', () => {
    for (const label of LABELS) {
      const { visitor } = countedHit(hit({ label, visitor: 'v' }), '2026-01-01T00:00:00Z');
      assert.equal(visitor, label === 'human' ? 'v' : undefined);
    }
  });

  test('with any user agent can be counted', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (userAgent) => {
        const { keys } = countedHit(hit({ userAgent }), '2026-01-01T00:00:00Z');
        assert.ok(keys.device && keys.browser);
      }),
    );
  });
});

describe("a day's document", () => {
  const counted = (given: Partial<CountedHit['keys']>): CountedHit => {
    const base = countedHit(hit(), '2026-01-01T00:00:00Z');
    return { ...base, keys: { ...base.keys, ...given } };
  };

  test('holds the three figures side by side', () => {
    const day = openDay(emptyDay());
    day.add(counted({}), true);
    day.add(counted({}), false);
    day.add({ ...counted({ label: 'bot' }), human: false }, false);
    assert.deepEqual(day.value.total, { all: 3, human: 2, unique: 1 });
    assert.deepEqual(day.value.label, [
      { key: 'human', all: 2, human: 2, unique: 1 },
      { key: 'bot', all: 1, human: 0, unique: 0 },
    ]);
    for (const dimension of DIMENSIONS)
      assert.equal(
        day.value[dimension].reduce((sum, { all }) => sum + all, 0),
        3,
      );
  });

  test('goes on after it was read again', () => {
    const day = openDay(emptyDay());
    day.add(counted({ country: 'SG' }), true);
    const again = openDay(structuredClone(day.value));
    again.add(counted({ country: 'SG' }), true);
    assert.deepEqual(again.value.country, [{ key: 'SG', all: 2, human: 2, unique: 2 }]);
  });

  test('keeps a hundred values of a kind and counts the rest as other', () => {
    const day = openDay(emptyDay());
    for (let index = 0; index < 150; index++) day.add(counted({ referrer: `r${index}` }), false);
    day.add(counted({ referrer: 'r0' }), false);
    assert.equal(day.value.referrer.length, 101);
    assert.deepEqual(day.value.referrer.at(-1), { key: 'other', all: 50, human: 50, unique: 0 });
    assert.equal(day.value.referrer[0]?.all, 2);
    const again = openDay(structuredClone(day.value));
    again.add(counted({ referrer: 'new' }), false);
    assert.equal(again.value.referrer.length, 101);
    assert.equal(again.value.referrer.at(-1)?.all, 51);
  });

  test('stays below the limit of the store whatever visitors send', () => {
    const day = openDay(emptyDay());
    const wide = (index: number) => `${index}`.padEnd(400, '€');
    for (let index = 0; index < 300; index++) {
      const keys = Object.fromEntries(DIMENSIONS.map((dimension) => [dimension, wide(index)]));
      day.add(counted(keys), true);
    }
    assert.ok(Buffer.byteLength(JSON.stringify(day.value)) < 600_000);
    assert.equal(day.value.target[0]?.key.length, 200);
  });

  test('takes names that mean something to the language or the store', () => {
    const day = openDay(emptyDay());
    for (const referrer of ['__proto__', 'constructor', '__name__', '\ud83d']) day.add(counted({ referrer }), false);
    assert.deepEqual(
      day.value.referrer.map(({ key }) => key),
      ['__proto__', 'constructor', '__name__', '\ufffd'],
    );
  });
});

describe('the data of an event', () => {
  test('is a hit, with or without what may be absent', () => {
    const full = hit({ visitor: 'v', referrer: 'r.example', userAgent: CHROME, country: 'SG' });
    assert.deepEqual(parseHit(full), full);
    assert.deepEqual(parseHit(hit()), hit());
  });

  test('is refused by name where it is none', () => {
    const refuses = (data: unknown, what: RegExp) =>
      assert.throws(
        () => parseHit(data),
        (error) => isAppError(error, 'invalid') && what.test(error.message),
      );
    refuses(undefined, /data:/);
    refuses({ ...hit(), linkId: '' }, /\/linkId/);
    refuses({ ...hit(), label: 'friend' }, /\/label/);
    refuses({ ...hit(), status: 200 }, /\/status/);
    refuses({ ...hit(), target: undefined }, /\/target/);
  });
});
