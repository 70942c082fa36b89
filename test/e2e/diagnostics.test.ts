/** Looking inside a built function that has no shell beside it: what a signal leaves in the folder that HAWKER_DIAGNOSTICS names. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Hawker, startHawker, until } from '../support/hawker.ts';

const ROOT = join(import.meta.dirname, '../..');
const DONE = 'recorded; the heap snapshot holds secrets';

interface Snapshot {
  snapshot: { meta: { node_fields: string[] }; node_count: number };
  nodes: number[];
  strings: string[];
}

interface Profile {
  nodes: { callFrame: { functionName: string } }[];
  startTime: number;
  endTime: number;
  samples: number[];
}

const occurrences = (text: string, part: string) => text.split(part).length - 1;

/** Sends the signal, and once more as soon as the profile is under way: ten seconds of it are more than a test needs. */
async function record(served: Hawker, end: string): Promise<void> {
  const [begun, ended] = ['recording a CPU profile', end].map((line) => occurrences(served.output(), line)) as [
    number,
    number,
  ];
  const more = (line: string, than: number) =>
    until(
      async () => occurrences(served.output(), line),
      (count) => count > than,
    );
  served.child.kill('SIGUSR2');
  if (end === DONE) {
    await more('recording a CPU profile', begun);
    served.child.kill('SIGUSR2');
  }
  await more(end, ended);
}

describe('a built function that is told where to record', () => {
  let away: string;
  let script: string;
  let folder: string;
  before(() => {
    away = mkdtempSync(join(tmpdir(), 'hawker-diagnostics-'));
    const build = [join(ROOT, 'scripts/build.ts'), '--only', 'leases', '--out', away];
    execFileSync(process.execPath, build, { cwd: ROOT, stdio: 'pipe', timeout: 60_000 });
    script = join(away, 'leases/index.js');
    folder = join(away, 'recordings');
    mkdirSync(folder);
  });
  after(() => rmSync(away, { recursive: true, force: true }));

  it('writes a CPU profile and a heap snapshot on SIGUSR2, for its own user alone, and goes on serving', async () => {
    await using served = await startHawker({ script, env: { HAWKER_DIAGNOSTICS: folder } });
    await record(served, DONE);
    const files = readdirSync(folder).sort();
    const name = `leases-${served.child.pid}-`;
    assert.deepEqual(
      files.map((file) => [file.startsWith(name), file.split('.').at(-1), statSync(join(folder, file)).mode & 0o777]),
      [
        [true, 'cpuprofile', 0o600],
        [true, 'heapsnapshot', 0o600],
      ],
    );
    const [profile, heap] = files.map((file) => JSON.parse(readFileSync(join(folder, file), 'utf8'))) as [
      Profile,
      Snapshot,
    ];
    assert.ok(profile.nodes.some(({ callFrame }) => callFrame.functionName === '(root)'));
    assert.ok(profile.endTime > profile.startTime && profile.samples.length > 0);
    assert.equal(heap.nodes.length, heap.snapshot.node_count * heap.snapshot.meta.node_fields.length);
    assert.ok(heap.strings.includes(folder), 'it is the heap of this process');
    assert.equal((await served.ask('/v1')).status, 200);
    assert.ok(served.output().includes(files[0] as string), 'the log says where');
    assert.equal(await served.stop(), 0, served.output());
  });

  it('is sent the signal, and its files are copied out, by the commands of the page about it', async () => {
    const page = readFileSync(join(ROOT, 'CONTRIBUTING.md'), 'utf8').split('## Looking inside an image')[1] ?? '';
    const [send, copy] = [...page.matchAll(/\/nodejs\/bin\/node -e '([^']+)'/g)].map(([, code]) => code ?? '');
    assert.match(send ?? '', /^process\.kill\(1, /);
    await using served = await startHawker({ script, env: { HAWKER_DIAGNOSTICS: folder } });
    const node = (code = '', ...args: string[]) =>
      execFileSync(process.execPath, ['-e', code, ...args], { timeout: 20_000, maxBuffer: 512 * 1024 * 1024 });
    const signal = () => node(send?.replace('kill(1,', `kill(${served.child.pid},`));
    signal();
    await until(
      async () => served.output(),
      (output) => output.includes('recording a CPU profile'),
    );
    signal();
    await until(
      async () => served.output(),
      (output) => output.includes(DONE),
    );
    const snapshot = readdirSync(folder).find(
      (file) => file.startsWith(`leases-${served.child.pid}-`) && file.endsWith('.heapsnapshot'),
    );
    const path = join(folder, snapshot ?? '');
    assert.ok(node(copy, path).equals(readFileSync(path)));
  });

  it('records no more where five recordings lie already, and says so', async () => {
    for (let n = 1; n <= 5; n++) writeFileSync(join(folder, `other-${n}.heapsnapshot`), '');
    const before = readdirSync(folder);
    await using served = await startHawker({ script, env: { HAWKER_DIAGNOSTICS: folder } });
    await record(served, 'nothing was recorded');
    assert.match(served.output(), /recordings already; remove some/);
    assert.deepEqual(readdirSync(folder), before);
    assert.equal((await served.ask('/v1')).status, 200);
  });

  it('warns at the start where the folder is not there, says so again when it is to record, and goes on serving', async () => {
    await using served = await startHawker({ script, env: { HAWKER_DIAGNOSTICS: join(away, 'nowhere') } });
    const output = await until(
      async () => served.output(),
      (said) => said.includes('HAWKER_DIAGNOSTICS'),
    );
    assert.match(output, /"severity":"WARNING".*HAWKER_DIAGNOSTICS must name a folder that is there .*\(ENOENT\)/);
    await record(served, 'nothing was recorded');
    assert.equal((await served.ask('/v1')).status, 200);
  });

  it('leaves the signal as it is where the setting names no folder: it ends the process', async () => {
    await using served = await startHawker({ script });
    const ended = new Promise((resolve) => {
      served.child.once('exit', (_code, signal) => resolve(signal));
    });
    served.child.kill('SIGUSR2');
    assert.equal(await ended, 'SIGUSR2');
  });
});
