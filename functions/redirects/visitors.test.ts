import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AppError } from '#shared/errors.ts';
import { systemIds } from '#shared/ids.ts';
import { createFakeClock } from '#shared/testing/fake-clock.ts';
import { createKeptLog } from '#shared/testing/kept-log.ts';
import { createTestStore } from './rig.ts';
import { createVisitors } from './visitors.ts';

function someVisitors(store = createTestStore(), clock = createFakeClock()) {
  const log = createKeptLog();
  const visitors = createVisitors(store, clock, systemIds, log);
  return { store, clock, log, of: async (address: string, userAgent = 'Firefox') => visitors.of(address, userAgent) };
}

test('one visitor is one hash on every instance for the day, and another the day after', async () => {
  const one = someVisitors();
  const two = someVisitors(one.store, one.clock);
  const [first, same] = await Promise.all([one.of('192.0.2.1'), two.of('192.0.2.1')]);
  assert.match(first ?? '', /^[\w-]{22}$/);
  assert.equal(same, first);
  assert.equal(await one.of('192.0.2.1'), first);
  assert.notEqual(await one.of('192.0.2.2'), first);
  assert.notEqual(await one.of('192.0.2.1', 'Chrome'), first);
  await one.clock.advance(86_400_000);
  const next = await one.of('192.0.2.1');
  assert.ok(next);
  assert.notEqual(next, first);
  assert.equal(await two.of('192.0.2.1'), next);
});

test("the day's key is read once, and nothing of the visitor is stored", async () => {
  const { store, of } = someVisitors();
  await Promise.all(Array.from({ length: 20 }, (_, index) => of(`192.0.2.${index}`)));
  assert.equal(store.reads['visitor-salts'], 1);
  const page = await store.list('visitor-salts', { limit: 10 });
  assert.deepEqual(
    page.docs.map(({ id, value }) => [id, Object.keys(value)]),
    [['2026-01-01', ['salt']]],
  );
});

test('without the key hits have no visitor, and it is asked for again soon, not each time', async () => {
  const { store, clock, log, of } = someVisitors();
  store.before = () => Promise.reject(new AppError('unavailable', 'the store is away'));
  for (let i = 0; i < 5; i++) assert.equal(await of('192.0.2.1'), undefined);
  assert.equal(store.reads['visitor-salts'], 1);
  assert.equal(log.lines.length, 1);
  store.before = undefined;
  await clock.advance(5_000);
  assert.ok(await of('192.0.2.1'));
});
