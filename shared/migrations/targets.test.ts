import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isAppError } from '../errors.ts';
import { addressOf, readTargets } from './targets.ts';

const SHOP = { name: 'shop', kind: 'postgres', address: { variable: 'SHOP_DATABASE_URL' }, folder: 'shop' };

async function written(t: TestContext, content: unknown): Promise<{ folder: string; file: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'hawker-targets-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = join(folder, 'databases.json');
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
  return { folder, file };
}

const read = (file: string) => readTargets({ HAWKER_DATABASES: file, HAWKER_DATA: '.data' });

async function problemOf(t: TestContext, content: unknown): Promise<string> {
  const { file } = await written(t, content);
  try {
    await read(file);
  } catch (error) {
    assert.ok(isAppError(error, 'not_configured'), String(error));
    assert.doesNotMatch(`${error.message} ${error.cause}`, /hunter2/);
    assert.ok(error.message.startsWith(`${file} (HAWKER_DATABASES): `), error.message);
    return error.message.slice(`${file} (HAWKER_DATABASES): `.length);
  }
  return assert.fail('it was taken');
}

test('targets are read from the file, with defaults, and paths are from its folder', async (t) => {
  const lite = { name: 'lite', kind: 'sqlite', address: { path: 'lite.db' }, folder: '/srv/lite', table: 'versions' };
  const asia = {
    ...SHOP,
    name: 'asia-1',
    address: { file: '/run/secrets/x' },
    labels: { wave: 'canary' },
    region: 'asia',
  };
  const more = { lockTimeoutMs: 500, statementTimeoutMs: 60_000, policy: { late: 'refuse', edited: 'warn' } };
  const { folder, file } = await written(t, { targets: [SHOP, { ...asia, ...more }, lite] });
  const defaults = { table: 'schema_migrations', labels: {}, lockTimeoutMs: 3000, statementTimeoutMs: 0 };
  const expected = [
    { ...defaults, ...SHOP, address: { from: 'variable', name: 'SHOP_DATABASE_URL' }, folder: join(folder, 'shop') },
    { ...defaults, ...asia, ...more, address: { from: 'file', path: '/run/secrets/x' }, folder: join(folder, 'shop') },
    { ...defaults, ...lite, address: { from: 'path', path: join(folder, 'lite.db') } },
  ];
  assert.deepEqual(await read(file), expected);
  assert.deepEqual(await read(relative('.', file)), expected);
});

test('an address, or a password, that stands in the file is refused and not repeated', async (t) => {
  const url = 'postgres://mei:hunter2@db/shop';
  const rule = /must be \{"variable": "\.\.\."\} or \{"file": "\.\.\."\}/;
  for (const address of [url, { url }, { variable: 'A', file: 'b' }, {}, null, { path: url }]) {
    const problem = await problemOf(t, { targets: [{ ...SHOP, address }] });
    assert.match(problem, /^target shop, address: /);
    assert.match(problem, rule);
  }
  assert.match(
    await problemOf(t, { targets: [{ ...SHOP, address: { variable: url } }] }),
    /^target shop, address\.variable: /,
  );
  await problemOf(t, `{"targets": [{"address": ${url}`);
  await problemOf(t, '{"targets": hunter2}');
  await problemOf(t, `{"targets": [{"address": '${url}'}]}`);
});

test('every problem is told at once, with its target and field', async (t) => {
  const problem = await problemOf(t, {
    targets: [SHOP, { ...SHOP, table: 'a b' }, { ...SHOP, name: 'Lite', kind: 'oracle' }, { name: 'x', more: 1 }],
  });
  for (const part of [
    /target shop, table: must be a table name/,
    /target Lite, name: must be 1 to 63/,
    /target Lite, kind: /,
    /target x, address: /,
    /target x, folder: /,
    /target x: .*"more"/,
  ])
    assert.match(problem, part);
  assert.equal(await problemOf(t, { targets: [SHOP, SHOP] }), 'target shop, name: is there twice');
  assert.match(await problemOf(t, { targets: [{ ...SHOP, name: 7 }] }), /^target number 1, name: /);
  assert.match(await problemOf(t, { targets: [] }), /^targets: /);
  assert.match(await problemOf(t, []), /^the file: /);
  for (const name of ['', '-a', 'a-', 'a.b', 'a'.repeat(64)])
    assert.match(await problemOf(t, { targets: [{ ...SHOP, name }] }), /name: must be 1 to 63/, name);
});

test('a file that is not there or no JSON is told', async (t) => {
  assert.match(await problemOf(t, '{\n"targets": oops}'), /^is not JSON/);
  await assert.rejects(read('/no/such.json'), {
    code: 'not_configured',
    message: '/no/such.json (HAWKER_DATABASES): cannot be read: ENOENT',
  });
});

test('an address comes from its variable or file when it is asked for', async (t) => {
  const { folder, file } = await written(t, 'postgres://db/shop\n');
  const shop = { name: 'shop', kind: 'postgres' } as const;
  const byVariable = { ...shop, address: { from: 'variable', name: 'SHOP' } } as const;
  assert.equal(await addressOf(byVariable, { SHOP: ' mysql://db ' }), 'mysql://db');
  assert.equal(await addressOf({ ...shop, address: { from: 'file', path: file } }), 'postgres://db/shop');
  assert.equal(await addressOf({ ...byVariable, kind: 'sqlite' }, { SHOP: 'sqlite3:///a.db' }), '/a.db');
  assert.equal(await addressOf({ ...shop, kind: 'sqlite', address: { from: 'path', path: '/b.db' } }), '/b.db');
  const missing = 'target shop: its address is to be in';
  await assert.rejects(addressOf(byVariable, { SHOP: ' ' }), {
    code: 'not_configured',
    message: `${missing} the variable SHOP, which is not set`,
  });
  await assert.rejects(addressOf({ ...shop, address: { from: 'file', path: join(folder, 'x') } }), {
    message: `${missing} the file ${folder}/x, which cannot be read: ENOENT`,
  });
  await writeFile(file, '\n');
  await assert.rejects(addressOf({ ...shop, address: { from: 'file', path: file } }), {
    message: `${missing} the file ${file}, which is empty`,
  });
});
