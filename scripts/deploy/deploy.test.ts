import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, it, type TestContext } from 'node:test';
import type { FakeState } from './fake-gcloud.ts';

const DEPLOY = join(import.meta.dirname, '..', 'deploy.ts');
const FAKE = join(import.meta.dirname, 'fake-gcloud.ts');
const PLACE = ['--project=demo-1', '--region=asia-southeast1', '--only=clicks'];
const KEY = 'the-key-that-nobody-may-see';

/** A project with nothing in it, and gcloud as a program that keeps it in a file. */
async function project(t: TestContext) {
  const folder = await mkdtemp(join(tmpdir(), 'hawker-deploy-'));
  t.after(() => rm(folder, { recursive: true }));
  const gcloud = join(folder, 'gcloud');
  await writeFile(gcloud, `#!/bin/sh\nexec '${process.execPath}' '${FAKE}' "$@"\n`);
  await chmod(gcloud, 0o755);
  const file = join(folder, 'state.json');
  const start = (args: readonly string[], env: Record<string, string> = {}): ChildProcess =>
    spawn(process.execPath, [DEPLOY, ...args], {
      env: { PATH: process.env['PATH'], GCLOUD_PATH: gcloud, FAKE_GCLOUD_STATE: file, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  return {
    start,
    async run(args: readonly string[], env?: Record<string, string>) {
      const child = start(args, env);
      assert.ok(child.stdout && child.stderr);
      const [out, err, [code, signal]] = await Promise.all([
        text(child.stdout),
        text(child.stderr),
        once(child, 'exit'),
      ]);
      return { out, err, code: code as number | null, signal: signal as string | null };
    },
    state: async () => JSON.parse(await readFile(file, 'utf8')) as FakeState,
  };
}

describe('npm run deploy', () => {
  it('plans without asking anybody', async (t) => {
    const { run } = await project(t);
    const { out, code } = await run(['plan', '--project=demo', '--region=asia-southeast1'], {
      GCLOUD_PATH: '/nowhere',
    });
    assert.equal(code, 0);
    for (const heading of [
      'Functions',
      'Identities',
      'Rights',
      'Events',
      'Schedules',
      'Secrets',
      'Data',
      'Costs when nobody comes',
    ])
      assert.match(out, new RegExp(`^${heading}$`, 'm'));
    assert.ok(out.split('\n').length < 200, 'a reviewer has five minutes');
    const json = await run(['plan', '--project=demo', '--region=asia-southeast1', '--json']);
    assert.ok((JSON.parse(json.out) as { id: string }[]).some(({ id }) => id === 'service/redirects'));
  });

  it('applies, finds nothing to do the second time, and takes it away again', { timeout: 110_000 }, async (t) => {
    const { run, state } = await project(t);
    const dry = await run(['apply', ...PLACE]);
    assert.match(dry.out, /dry run: nothing was changed; --yes does it/);
    const first = await run(['apply', ...PLACE, '--yes'], { HAWKER_ADMIN_KEY: KEY });
    assert.equal(first.code, 0, first.err);
    const { changes } = await state();
    const diff = await run(['diff', ...PLACE]);
    assert.deepEqual([diff.code, /All \d+ things are as the plan wants them/.test(diff.out)], [0, true], diff.out);
    const second = await run(['apply', ...PLACE, '--yes']);
    assert.match(second.out, /^0 created, 0 updated/m);
    assert.deepEqual((await state()).changes, changes);
    const away = await run(['destroy', ...PLACE, '--yes']);
    assert.equal(away.code, 0, away.err);
    assert.equal((await run(['diff', ...PLACE])).code, 3);
    for (const { out, err } of [dry, first, second, away]) assert.doesNotMatch(out + err, new RegExp(KEY));
  });

  it('takes away the load balancer, which costs, though nobody says again that there is one', {
    timeout: 110_000,
  }, async (t) => {
    const { run, state } = await project(t);
    const place = ['--project=demo-1', '--region=asia-southeast1', '--only=redirects'];
    const made = await run(['apply', ...place, '--host=go.example.com', '--load-balancer', '--yes']);
    assert.equal(made.code, 0, made.err);
    const away = await run(['destroy', ...place, '--yes']);
    assert.equal(away.code, 0, away.err);
    const left = Object.keys((await state()).things).filter((id) => id.startsWith('compute '));
    // A certificate is called after its domains, and costs nothing.
    assert.deepEqual(
      left.filter((id) => !id.startsWith('compute ssl-certificates/')),
      [],
    );
  });

  it('goes on where it was killed', { timeout: 110_000 }, async (t) => {
    const whole = await project(t);
    await whole.run(['apply', ...PLACE, '--yes']);
    const { things, changes } = await whole.state();
    for (const after of [3, changes.length - 1]) {
      const { run, state } = await project(t);
      const { signal } = await run(['apply', ...PLACE, '--yes'], { FAKE_GCLOUD_KILL_AFTER: String(after) });
      assert.equal(signal, 'SIGKILL');
      assert.equal((await state()).changes.length, after);
      const { code, err } = await run(['apply', ...PLACE, '--yes']);
      assert.equal(code, 0, err);
      assert.deepEqual((await state()).things, things);
    }
  });

  it('ends the command under way on Ctrl-C, begins no other and says so by 130', { timeout: 60_000 }, async (t) => {
    const { start, run, state } = await project(t);
    const child = start(['apply', ...PLACE, '--yes']);
    assert.ok(child.stdout && child.stderr);
    const told = text(child.stderr);
    await once(child.stdout, 'data');
    child.kill('SIGINT');
    child.stdout.resume();
    const [code] = (await once(child, 'exit')) as [number | null];
    assert.equal(code, 130);
    assert.match(await told, /run it again to go on/);
    const { changes } = await state();
    assert.ok(changes.length <= 2, changes.join('\n'));
    assert.equal((await run(['diff', ...PLACE])).code, 3);
  });

  it('says in a line what is wrong: the call, gcloud, the project', async (t) => {
    const { run } = await project(t);
    const wrong = await run(['aply']);
    assert.deepEqual(
      [wrong.code, wrong.err],
      [2, 'deploy: there is no command aply; there are plan, diff, apply, destroy, manifests, explain\n'],
    );
    const missing = await run(['apply', ...PLACE], { GCLOUD_PATH: '/nowhere/gcloud' });
    assert.equal(missing.code, 1);
    assert.match(missing.err, /^deploy: \/nowhere\/gcloud is not there: install the Google Cloud SDK .*\n$/);
  });
});
