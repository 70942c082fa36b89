import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'node:test';
import { openPlace } from './testing.ts';

it('tells of files that were edited or merged late, takes them as the policy says, and is told to take an edit', {
  timeout: 120_000,
}, async () => {
  using place = openPlace();
  const target = (name: string, folder: string) => ({
    ...{ name, kind: 'sqlite', folder, address: { path: join(place.path, 'shop.db') } },
    policy: { late: 'apply', edited: 'error' },
  });
  const third = { '3_c.up.sql': 'CREATE TABLE c (n);', '3_c.down.sql': 'DROP TABLE c;' };
  const old = place.folder({ '1_a.up.sql': 'CREATE TABLE a (n);', ...third });
  const merged = place.folder({
    ...{ '1_a.up.sql': 'CREATE TABLE a (n); -- for all', '1_a.down.sql': 'DROP TABLE a;', ...third },
    ...{ '2_b.up.sql': 'CREATE TABLE b (n);', '2_b.down.sql': 'DROP TABLE b;' },
  });
  const files: [string, string][] = [
    ['before.json', old],
    ['after.json', merged],
  ];
  const call = async (typed: string, file: string) => {
    const env = { HAWKER_DATABASES: join(place.path, file) };
    const { code, stdout, stderr } = await place.migrate(typed.split(' '), { env });
    const lines = `${stdout}${stderr}`
      .replaceAll(/\(\d+ ms\)/g, '(T)')
      .trimEnd()
      .split('\n');
    return [code, ...lines.filter((line) => !/: run [\w-]+$|^shop: {2}/.test(line))];
  };
  for (const [name, folder] of files) place.file(name, JSON.stringify({ targets: [target('shop', folder)] }));
  assert.equal((await call('up', 'before.json'))[0], 0);

  const TALK: [typed: string, code: number, ...lines: string[]][] = [
    ['status', 4, 'shop (sqlite): version 3, 1 pending; edited: 1 a; late: 2 b'],
    ['plan', 0, 'shop: up 2 b (2_b.up.sql, merged late)'],
    ['up', 1, 'migrate: shop: edited since they were applied: 1 (restore their files, or `rebless` them)'],
    ['rebless 2', 1, 'migrate: shop: version 2 was not applied, so there is nothing that its file could stand for'],
    ['rebless 3', 3, 'shop: no change; at version 3'],
    ['rebless', 0, 'shop: done: the files of 1 count as what was applied; at version 3'],
    ['rebless', 3, 'shop: no change; at version 3'],
    ['up', 0, 'shop: up 2 b (T)', 'shop: done; at version 3'],
    ['verify', 0, 'shop: version 3: all agrees'],
  ];
  for (const [typed, ...expected] of TALK) assert.deepEqual(await call(typed, 'after.json'), expected, typed);
  const [, ...rows] = await call('history', 'after.json');
  assert.deepEqual(
    rows.map((row) => /Z {2}(\w+ \d \w)/.exec(String(row))?.[1]),
    ['up 2 b', 'rebless 1 a', 'up 3 c', 'up 1 a'],
  );
  // The older files lack 2, and have no way back from 1; the history has both.
  assert.deepEqual(await call('down 3', 'before.json'), [
    0,
    'shop: down 3 c (T)',
    'shop: down 2 b (T)',
    'shop: down 1 a (T)',
    'shop: done; at no version',
  ]);
});

it('warns on standard error of what the policy lets pass, once for each run, and not in golang-migrate’s words', {
  timeout: 120_000,
}, async () => {
  using place = openPlace();
  const path = join(place.path, 'shop.db');
  const call = (folder: string, ...typed: string[]) => {
    const target = { name: 'shop', kind: 'sqlite', folder, address: { path } };
    return place.migrate(typed, {
      env: { HAWKER_DATABASES: place.file('all.json', JSON.stringify({ targets: [target] })) },
    });
  };
  const third = { '3_c.up.sql': 'CREATE TABLE c (n);' };
  const old = place.folder({ '1_a.up.sql': 'CREATE TABLE a (n);', ...third });
  const merged = place.folder({ '1_a.up.sql': 'CREATE TABLE a (n); -- for all', '2_b.up.sql': '', ...third });
  const first = await call(old, 'up');
  assert.deepEqual([first.code, first.stderr], [0, '']);

  const warnings = [
    'merged late, so never applied: 2 (give them a later version, or let the policy say `late: "apply"`)',
    'edited since they were applied: 1 (restore their files, or `rebless` them)',
  ];
  const told = warnings.map((warning) => `shop: warning: ${warning}\n`).join('');
  for (const [typed, code] of [
    ['up', 3],
    ['up --dry-run', 0],
  ] as const) {
    const shown = await call(merged, ...typed.split(' '));
    assert.deepEqual([shown.code, shown.stderr], [code, told], typed);
    const json = await call(merged, ...typed.split(' '), '--json');
    assert.deepEqual([json.code, json.stderr, JSON.parse(json.stdout).warnings], [code, '', warnings], typed);
  }
  const compat = await call(merged, '--compat', '-path', merged, '-database', `sqlite3://${path}`, 'up');
  assert.deepEqual([compat.code, compat.stderr], [0, 'no change\n']);
});
