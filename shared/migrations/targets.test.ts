import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isAppError } from '../errors.ts';
import { readTargets } from './targets.ts';

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
  const more = { lockTimeoutMs: 500, statementTimeoutMs: 60_000, policy: { late: 'error', edited: 'warn' } };
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

test('a secret is named with its version or stands for the latest, and an instance of Cloud SQL has its password elsewhere', async (t) => {
  const cloud = { instance: 'shop-1:asia-southeast1:db', user: 'app', database: 'shop' };
  const name = 'projects/shop-1/secrets/db';
  const given = [
    { secret: name },
    { secret: `${name}/versions/7` },
    { cloudSql: { ...cloud, password: { secret: name } } },
    { cloudSql: { ...cloud, password: { file: 'p.txt' }, ip: 'psc' } },
    { cloudSql: { ...cloud, instance: 'example.com:shop-1:asia-southeast1:db', iam: true, ip: 'public' } },
  ];
  const { folder, file } = await written(t, {
    targets: given.map((address, n) => ({ ...SHOP, kind: n % 2 ? 'mysql' : 'postgres', name: `t${n}`, address })),
  });
  const expected = [
    { from: 'secret', name: `${name}/versions/latest` },
    { from: 'secret', name: `${name}/versions/7` },
    { from: 'cloud-sql', ...cloud, ip: 'private', password: { from: 'secret', name: `${name}/versions/latest` } },
    { from: 'cloud-sql', ...cloud, ip: 'psc', password: { from: 'file', path: join(folder, 'p.txt') } },
    { from: 'cloud-sql', ...cloud, instance: 'example.com:shop-1:asia-southeast1:db', ip: 'public', password: 'iam' },
  ];
  assert.deepEqual(
    (await read(file)).map(({ address }) => address),
    expected,
  );
});

test('a secret or an instance that is wrong is told by its field, without what stands there', async (t) => {
  const cloud = { instance: 'shop-1:asia-southeast1:db', user: 'app', database: 'shop', iam: true };
  for (const secret of ['hunter2', 'projects/../secrets/a', 'projects/p/secrets/hunter2/versions/1/x'])
    assert.match(
      await problemOf(t, { targets: [{ ...SHOP, address: { secret } }] }),
      /^target shop, address\.secret: must be projects/,
    );
  for (const [change, problem] of [
    [{ instance: 'hunter2' }, /^target shop, address\.cloudSql\.instance: must be project:region:instance$/],
    [{ password: 'hunter2', iam: undefined }, /^target shop, address\.cloudSql\.password: must be \{"variable"/],
    [{ iam: undefined }, /^target shop, address\.cloudSql\.password: must be .*"iam": true in its place$/],
    [{ password: { variable: 'P' } }, /^target shop, address\.cloudSql\.password: /],
    [{ ip: 'hunter2' }, /^target shop, address\.cloudSql\.ip: /],
    [{ user: '' }, /^target shop, address\.cloudSql\.user: /],
  ] as const)
    assert.match(
      await problemOf(t, { targets: [{ ...SHOP, address: { cloudSql: { ...cloud, ...change } } }] }),
      problem,
    );
  assert.match(
    await problemOf(t, { targets: [{ ...SHOP, kind: 'sqlite', address: { cloudSql: cloud } }] }),
    /^target shop, address: \{"cloudSql": \{\.\.\.\}\} is for postgres and mysql$/,
  );
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

test('one file of SQLite for two targets is refused, however it is written, but not memory', async (t) => {
  const lite = (name: string, path: string) => ({
    name,
    kind: 'sqlite',
    address: { path },
    folder: 'lite',
    table: name,
  });
  const rule = 'and on SQLite each target needs one of its own';
  assert.equal(
    await problemOf(t, {
      targets: [lite('a', 'x.db'), SHOP, lite('b', './x.db'), lite('c', 'y.db'), lite('d', 'z/../y.db')],
    }),
    `target b, address.path: is the file of target a, ${rule}; target d, address.path: is the file of target c, ${rule}`,
  );
  const { folder, file } = await written(t, {
    targets: [lite('a', 'x.db'), lite('b', 'y/x.db'), lite('c', ':memory:'), lite('d', ':memory:')],
  });
  assert.deepEqual((await read(file)).map(({ name }) => name).join(''), 'abcd');
  assert.match(
    await problemOf(t, { targets: [lite('a', join(folder, 'x.db')), lite('b', join(folder, '.', 'x.db'))] }),
    /^target b, address\.path: is the file of target a, /,
  );
});

test('a file that is not there or no JSON is told', async (t) => {
  assert.match(await problemOf(t, '{\n"targets": oops}'), /^is not JSON/);
  await assert.rejects(read('/no/such.json'), {
    code: 'not_configured',
    message: '/no/such.json (HAWKER_DATABASES): cannot be read: ENOENT',
  });
});
