import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { isAppError } from '../errors.ts';
import { bundleOf, checksumOf } from './bundle.ts';
import { parseFileName } from './file-name.ts';
import { readBundle } from './read-folder.ts';

const refusal =
  (detail: string | RegExp, code = 'migration_refused') =>
  (error: unknown) => {
    assert.ok(isAppError(error) && error.code === code, String(error));
    if (typeof detail === 'string') assert.equal(error.message, detail);
    else assert.match(error.message, detail);
    return true;
  };

async function folderOf(t: TestContext, files: Record<string, string | Buffer>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'hawker-bundle-'));
  t.after(() => rm(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
  return folder;
}

test("a file's name is read as golang-migrate reads it", () => {
  const cases: [string, ReturnType<typeof parseFileName>][] = [
    ['1_a.up.sql', { version: 1n, name: 'a', direction: 'up' }],
    ['0_zero.down.sql', { version: 0n, name: 'zero', direction: 'down' }],
    ['0012_a_b.up.sql', { version: 12n, name: 'a_b', direction: 'up' }],
    ['1_.up.', { version: 1n, name: '', direction: 'up' }],
    ['1_a.up.sql~', { version: 1n, name: 'a', direction: 'up' }],
    ['1_a.up.sql.bak', { version: 1n, name: 'a', direction: 'up' }],
    ['1_a.up.b.down.sql', { version: 1n, name: 'a.up.b', direction: 'down' }],
    ['1_a\u2028b.up.sql', { version: 1n, name: 'a\u2028b', direction: 'up' }],
    ['1763892581000000001_nano.up.sql', { version: 1763892581000000001n, name: 'nano', direction: 'up' }],
    ['18446744073709551615_a.up.sql', { version: 2n ** 64n - 1n, name: 'a', direction: 'up' }],
    ['18446744073709551616_a.up.sql', undefined],
    ['1_a.sql', undefined],
    ['1_a.up', undefined],
    ['1_a.UP.sql', undefined],
    ['1-a.up.sql', undefined],
    ['-1_a.up.sql', undefined],
    ['V1_a.up.sql', undefined],
    [' 1_a.up.sql', undefined],
    ['١_a.up.sql', undefined],
    ['1_a\nb.up.sql', undefined],
    ['README.md', undefined],
  ];
  for (const [file, parsed] of cases) assert.deepEqual(parseFileName(file), parsed, file);
});

test('any version of 64 bits is kept to its last digit, with as many zeros in front as one likes', () => {
  fc.assert(
    fc.property(fc.bigInt(0n, 2n ** 64n - 1n), fc.nat(5), fc.stringMatching(/^[a-z_.]*$/), (version, zeros, name) => {
      assert.deepEqual(parseFileName(`${'0'.repeat(zeros)}${version}_${name}.up.sql`), {
        version,
        name,
        direction: 'up',
      });
    }),
  );
});

test('a folder becomes migrations by number; what has another name, and sub-folders, are passed over', async (t) => {
  const folder = await folderOf(t, {
    '10_ten.up.sql': 'ten',
    '9_nine.up.sql': 'nine',
    '9_was_nine.down.sql': 'not nine',
    '2_back.down.sql': 'back',
    'README.md': 'words',
    '99999999999999999999_big.up.sql': 'too big',
  });
  await mkdir(join(folder, '3_folder.up.sql'));
  await symlink('9_nine.up.sql', join(folder, '4_link.up.sql'));
  const { migrations } = await readBundle({ name: 'shop', folder });
  assert.deepEqual(
    migrations.map(({ version, name, up, down }) => [version, name, up?.text, down?.file]),
    [
      [2n, 'back', undefined, '2_back.down.sql'],
      [4n, 'link', 'nine', undefined],
      [9n, 'nine', 'nine', '9_was_nine.down.sql'],
      [10n, 'ten', 'ten', undefined],
    ],
  );
});

test('two files for one version and direction are refused, and the later one in the folder is named', async (t) => {
  const folder = await folderOf(t, { '1_a.up.sql': '', '01_b.up.sql': '', '01_b.down.sql': '' });
  await assert.rejects(readBundle({ name: 'shop', folder }), refusal('duplicate migration file: 1_a.up.sql'));
  assert.throws(
    () => bundleOf({ '1_a.up.sql': '', '1_a.up.sql.bak': '' }),
    refusal('duplicate migration file: 1_a.up.sql.bak'),
  );
});

test('the checksum and the hash are the same whatever line ends and byte order mark a checkout has', async (t) => {
  assert.equal(checksumOf(''), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  assert.equal(checksumOf('\ufeffa;\r\nb;\r\n'), checksumOf('a;\nb;\n'));
  assert.notEqual(checksumOf('a;\rb;'), checksumOf('a;\nb;'));
  const folder = await folderOf(t, { '1_a.up.sql': '\ufeffselect 1;\r\n', '1_a.down.sql': '' });
  const read = await readBundle({ name: 'shop', folder });
  const built = await readBundle({
    name: 'shop',
    folder: { files: { '01_a.up.sql': 'select 1;\n', '1_b.down.sql': '' } },
  });
  assert.equal(read.hash, built.hash);
  assert.equal(read.migrations[0]?.up?.text, 'select 1;\r\n');
});

test('the hash tells versions, texts and directions apart', () => {
  const bundles = [
    {},
    { '1_a.up.sql': 'x' },
    { '2_a.up.sql': 'x' },
    { '1_a.down.sql': 'x' },
    { '1_a.up.sql': 'y' },
    { '1_a.up.sql': 'x', '1_a.down.sql': '' },
    { '1_a.up.sql': 'x', '2_a.up.sql': 'x' },
  ];
  assert.equal(new Set(bundles.map((files) => bundleOf(files).hash)).size, bundles.length);
});

test('a folder that is not there, and text that is not UTF-8, are told', async (t) => {
  const folder = await folderOf(t, { '1_a.up.sql': Buffer.from('caf\xe9', 'latin1') });
  await assert.rejects(readBundle({ name: 'shop', folder }), refusal('1_a.up.sql is not UTF-8'));
  await assert.rejects(
    readBundle({ name: 'shop', folder: join(folder, 'none') }),
    refusal(`target shop: its migrations cannot be read: ENOENT ${folder}/none`, 'not_configured'),
  );
});
