/** What is in files/ is what the code makes, and is small enough to be there. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { appendFile, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { makeFiles } from './files.ts';
import { jsonText } from './json-text.ts';
import { driftOf, FOLDER } from './write-files.ts';

const files = makeFiles();

function observe(...args: string[]): Promise<{ code: number; said: string }> {
  const script = join(import.meta.dirname, '..', 'observe.ts');
  return new Promise((resolve) =>
    execFile(process.execPath, [script, 'files', ...args], { timeout: 30_000 }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code ?? 1) : 0, said: stdout + stderr }),
    ),
  );
}

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'hawker-observe-'));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe('the files', () => {
  it('are as the code makes them; `npm run observe -- files` makes them anew', async () => {
    assert.deepEqual(await driftOf(files, FOLDER), []);
  });

  it('take less than 400 kB together', () => {
    const bytes = [...files.values()].reduce((sum, text) => sum + Buffer.byteLength(text), 0);
    assert.ok(bytes < 400_000, `${bytes}`);
  });

  it('are the same each time', () => {
    assert.deepEqual([...makeFiles()], [...files]);
  });
});

describe('observe files', () => {
  it('writes them elsewhere, tells that they are right, and which is not any more', () =>
    inFolder(async (folder) => {
      assert.deepEqual((await observe('--out', folder)).code, 0);
      assert.equal(
        (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).length,
        files.size,
      );
      assert.deepEqual(await observe('--out', folder, '--check'), { code: 0, said: '' });
      await appendFile(join(folder, 'compose.yaml'), '# mine\n');
      await rm(join(folder, 'google/policies/HawkerNoLeader.json'));
      const { code, said } = await observe('--out', folder, '--check');
      assert.equal(code, 1);
      assert.match(
        said,
        /compose\.yaml is not as it would be made\n.*HawkerNoLeader\.json is not as it would be made\n$/s,
      );
    }));

  it('puts the address of the runbooks into alerts and policies', () =>
    inFolder(async (folder) => {
      const address = 'https://wiki.example/runbooks';
      assert.equal((await observe('--out', folder, '--runbooks', address)).code, 0);
      assert.equal((await observe('--out', folder, '--runbooks', address, '--check')).code, 0);
      assert.equal((await observe('--out', folder, '--check')).code, 1);
    }));

  it('refuses what it does not understand in one line', async () => {
    for (const args of [['x'], ['--out='], ['--runbooks', 'a b'], ['--runbooks', 'https://x/#y'], ['--no']]) {
      const { code, said } = await observe(...args);
      assert.equal(code, 2, args.join(' '));
      assert.match(said, /^observe: [^\n]+\n$/, args.join(' '));
    }
  });

  it('refuses runbooks that are at no http address, and names the flag', () =>
    inFolder(async (folder) => {
      for (const address of ['nope', 'ftp://wiki.example/x', 'https://', 'http://[x', 'javascript:alert(1)']) {
        const { code, said } = await observe('--out', folder, '--runbooks', address);
        assert.equal(code, 2, address);
        assert.match(said, /^observe: --runbooks must be an http or https address[^\n]*\n$/, address);
      }
      assert.deepEqual(await readdir(folder), []);
    }));
});

describe('jsonText', () => {
  it('is JSON for what was given, and no line of it is wider than it must be', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        const text = jsonText(value);
        assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)));
        assert.ok(text.endsWith('\n'));
      }),
    );
    const wide = {
      list: Array.from({ length: 30 }, (_, index) => ({ index })),
      deep: { text: 'x'.repeat(100), more: 'y'.repeat(30) },
    };
    assert.ok(
      jsonText(wide)
        .split('\n')
        .every((line) => line.length <= 120 || !/[[{]/.test(line)),
    );
  });
});
