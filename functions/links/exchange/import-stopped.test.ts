import assert from 'node:assert/strict';
import test from 'node:test';
import { AppError, type ErrorCode } from '#shared/errors.ts';
import { withShorthands } from '#shared/store/index.ts';
import { createMemoryDriver } from '#shared/store/memory.ts';
import { createTestApp } from '../testing.ts';

const IMPORT = 'POST /v1/domains/go.example/import?format=csv';
const FILE = ['slug,target', ...Array.from({ length: 700 }, (_, n) => `s${n},https://shop.example/${n}`)].join('\n');
const TEXT = { 'Content-Type': 'text/plain', 'Idempotency-Key': 'one' };

/** A domain on a store whose commits of links fail once `room` of them were made. */
async function onFullDisk(code: ErrorCode) {
  const driver = createMemoryDriver();
  const disk = { room: Number.POSITIVE_INFINITY };
  const store = withShorthands({
    ...driver,
    async commit(writes) {
      if (writes.some(({ collection }) => collection === 'links') && disk.room-- <= 0)
        throw new AppError(code, 'no room left to write /secret/hawker.db', { cause: new Error('SQLITE_FULL') });
      return driver.commit(writes);
    },
  });
  const app = await createTestApp({ store });
  await app.ask('PUT /v1/domains/go.example');
  await app.ask('PUT /v1/domains/go.example/links/s0', { target: 'https://shop.example/0' });
  await app.ask('PUT /v1/domains/go.example/links/s1', { target: 'https://old.example/1' });
  return { app, disk };
}

const stored = async ({ store }: Awaited<ReturnType<typeof createTestApp>>) =>
  (await store.list('links', { limit: 1_000 })).docs.length;

test('an import that the disk stops says what it did, and the same request goes on from there', async () => {
  const { app, disk } = await onFullDisk('storage_full');
  disk.room = 3;
  const { status, body } = await app.ask(IMPORT, FILE, TEXT);
  assert.deepEqual([status, body.code], [507, 'storage_full']);
  const { created, updated, unchanged } = body.done;
  assert.deepEqual([updated, unchanged], [1, 1]);
  assert.ok(created > 0 && created < 698);
  assert.equal(await stored(app), created + 2);
  assert.match(body.detail, new RegExp(`Before that ${created} links were created and 1 updated, 1 were as the file`));
  assert.doesNotMatch(body.detail, /secret/);

  disk.room = Number.POSITIVE_INFINITY;
  const again = await app.ask(IMPORT, FILE, TEXT);
  assert.deepEqual(
    [again.status, again.body.created, again.body.updated, again.body.unchanged],
    [200, 698 - created, 0, created + 2],
  );
});

test('an import whose last write may have happened counts what is certain, and says so', async () => {
  const { app, disk } = await onFullDisk('outcome_unknown');
  disk.room = 0;
  const { body } = await app.ask(IMPORT, FILE, TEXT);
  assert.deepEqual(body.done, { created: 0, updated: 0, unchanged: 0 });
  assert.match(body.detail, /Before that at least 0 links were created/);
});
