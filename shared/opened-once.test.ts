import assert from 'node:assert/strict';
import { it } from 'node:test';
import { openedOnce } from './opened-once.ts';

it('opens once for all who ask, also at the same time', async () => {
  let opened = 0;
  const open = openedOnce(async () => ++opened);
  assert.deepEqual(await Promise.all([open(), open()]), [1, 1]);
  assert.equal(await open(), 1);
});

it('tells all who wait that it failed, and opens anew for the next', async () => {
  let tries = 0;
  const open = openedOnce(async () => {
    if (++tries === 1) throw new Error('not yet');
    return tries;
  });
  const results = await Promise.allSettled([open(), open()]);
  assert.deepEqual(
    results.map(({ status }) => status),
    ['rejected', 'rejected'],
  );
  assert.deepEqual([await open(), await open()], [2, 2]);
});

it('tells who closes it what was opened, and opens nothing for that', async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  const open = openedOnce(() => promise);
  assert.equal(await open.opened(), undefined);
  void open();
  const opened = open.opened();
  resolve('it');
  assert.equal(await opened, 'it');
  const failing = openedOnce(() => Promise.reject(new Error('not there')));
  const failed = failing().catch(() => 'failed');
  assert.deepEqual(await Promise.all([failed, failing.opened()]), ['failed', undefined]);
});
