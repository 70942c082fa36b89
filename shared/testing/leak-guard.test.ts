import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

const GUARD = JSON.stringify(import.meta.resolve('./leak-guard.ts'));

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hawker-leak-guard-'));
});
after(() => rm(folder, { recursive: true }));

/** Runs a test file with this test in a process of its own. */
async function runFile(name: string, body: string): Promise<{ passed: boolean; output: string }> {
  const file = join(folder, `${name}.test.mjs`);
  await writeFile(
    file,
    `import { createServer } from 'node:http';
     import { spawn } from 'node:child_process';
     import { test } from 'node:test';
     import { guardAgainstLeaks } from ${GUARD};
     guardAgainstLeaks(300);
     test('a test', async () => { ${body} });`,
  );
  return new Promise((resolve) => {
    // The runner marks its children by NODE_TEST_CONTEXT; this is a run of its own.
    const env = { ...process.env, NODE_TEST_CONTEXT: undefined };
    execFile(process.execPath, ['--test', file], { env, timeout: 20_000 }, (error, stdout, stderr) =>
      resolve({ passed: error === null, output: `${stdout}${stderr}` }),
    );
  });
}

const listening = `const server = createServer((_, response) => response.end());
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));`;

describe('the leak guard', { concurrency: true }, () => {
  const leaks = {
    server: [`${listening}`, /TCPServerWrap/],
    timer: ['setTimeout(() => {}, 60_000);', /Timeout/],
    interval: ['setInterval(() => {}, 1_000);', /Timeout/],
    child: [`spawn(process.execPath, ['-e', 'setTimeout(() => {}, 5_000)'], { stdio: 'ignore' });`, /ProcessWrap/],
  } as const;
  for (const [what, [body, named]] of Object.entries(leaks))
    it(`names the ${what} that was left behind`, async () => {
      const { passed, output } = await runFile(what, body);
      assert.equal(passed, false, output);
      assert.match(output, named);
    });

  it('passes a file that closes what it opened, with connections that linger for a moment', async () => {
    const { passed, output } = await runFile(
      'tidy',
      `${listening}
       await fetch('http://127.0.0.1:' + server.address().port).then((answer) => answer.text());
       setTimeout(() => {}, 50);
       server.close();`,
    );
    assert.equal(passed, true, output);
  });
});
