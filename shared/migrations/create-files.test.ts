import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { create } from './create-files.ts';
import { readBundle } from './read-folder.ts';

async function empty(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'hawker-create-'));
  t.after(() => rm(folder, { recursive: true }));
  return join(folder, 'migrations');
}

const SEQUENTIAL = { sequential: true } as const;
const AT = { time: new Date('2026-11-23T09:08:07.654Z') };

test('new files are numbered after the highest there is, the folder made where it is missing', async (t) => {
  const folder = await empty(t);
  const paths = await create(folder, 'create users', SEQUENTIAL);
  assert.deepEqual(paths, [`${folder}/000001_create_users.up.sql`, `${folder}/000001_create_users.down.sql`]);
  assert.equal(await readFile(paths[0], 'utf8'), '');
  await writeFile(join(folder, '41_by_hand.up.sql'), '');
  await create(folder, 'orders', SEQUENTIAL);
  const { migrations } = await readBundle({ name: 'shop', folder });
  assert.deepEqual(
    migrations.map(({ version, name }) => [version, name]),
    [
      [1n, 'create_users'],
      [41n, 'by_hand'],
      [42n, 'orders'],
    ],
  );
});

test('or after the time, which cannot be taken twice, nor followed by a number of six digits', async (t) => {
  const folder = await empty(t);
  await create(folder, 'Stände', AT);
  assert.deepEqual(await readdir(folder), ['20261123090807_Stände.down.sql', '20261123090807_Stände.up.sql']);
  await assert.rejects(create(folder, 'other', AT), {
    code: 'already_exists',
    message: 'duplicate migration version: 20261123090807',
  });
  await assert.rejects(create(folder, 'other', SEQUENTIAL), {
    code: 'invalid',
    message: 'next sequence number 20261123090808 too large. At most 6 digits are allowed',
  });
  assert.equal((await readdir(folder)).length, 2);
});

test('a name that would leave the folder or be read otherwise is refused', async (t) => {
  const folder = await empty(t);
  for (const name of ['', ' ', '../x', 'a/b', 'a.up.b', 'a\0', 'x'.repeat(101)])
    await assert.rejects(create(folder, name, AT), { code: 'invalid' }, name);
});

test('files for Firestore are there to be filled in, and can be read as they are', async (t) => {
  const folder = await empty(t);
  const [up, down] = await create(folder, 'add slug', { ...SEQUENTIAL, extension: 'ts' });
  assert.deepEqual([basename(up), basename(down)], ['000001_add_slug.up.ts', '000001_add_slug.down.ts']);
  const { default: migration } = (await import(pathToFileURL(up).href)) as { default: { change: unknown } };
  assert.equal(typeof migration.change, 'function');
});
