/** The built function has the page's files in it: it serves them far from the repository. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { startHawker } from '../support/hawker.ts';

const ROOT = join(import.meta.dirname, '../..');

it('serves its scripts, small, and its worker without the repository', { timeout: 60_000 }, async () => {
  const away = mkdtempSync(join(tmpdir(), 'hawker-bus-built-'));
  try {
    execFileSync(process.execPath, [join(ROOT, 'scripts/build.ts'), '--out', away, '--only', 'bus'], {
      cwd: ROOT,
      stdio: 'pipe',
      timeout: 60_000,
    });
    await using bus = await startHawker({ script: join(away, 'bus/index.js'), env: { HAWKER_HOST: '127.0.0.1' } });
    const page = await bus.ask('/stops/99999', { anonymous: true });
    assert.equal(page.status, 200);
    const addresses = [...page.text.matchAll(/"(\/assets\/[^"]+)"/g)].map(([, path]) => path ?? '');
    assert.ok(addresses.length >= 5);
    for (const address of addresses) {
      const { status, headers, text } = await bus.ask(address, { anonymous: true });
      assert.equal(status, 200, address);
      assert.match(headers['cache-control'] ?? '', /immutable/);
      assert.doesNotMatch(text, /\/\*\*/, `${address} is small`);
      for (const [, to] of text.matchAll(/(?:\bfrom|await import\()"([^"]+)"/g))
        assert.equal((await bus.ask(`/assets/${to}`, { anonymous: true })).status, 200, to);
    }
    const worker = await bus.ask('/sw.js', { anonymous: true });
    assert.match(worker.text, /^self\.HAWKER = \{"version":"[\w-]+","shell":\["\/assets\//);
    assert.match(worker.text, /addEventListener\("fetch"/);
  } finally {
    rmSync(away, { recursive: true, force: true });
  }
});
