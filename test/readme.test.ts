/** Takes README's tour as a newcomer would: each shell block in order against a server that was just started, each answer as it is printed there. */
import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { guardAgainstLeaks } from '#shared/testing/leak-guard.ts';
import { freePort } from '../scripts/loopback.ts';
import { ROOT } from './sources.ts';

guardAgainstLeaks();

const START_MS = 30_000;
const SOON_MS = 20_000;

interface Step {
  shell: string;
  /** What it prints, `…` standing for anything; undefined where the README shows nothing. */
  expected: string | undefined;
}

const readme = await readFile(join(ROOT, 'README.md'), 'utf8');
const sectionOf = (heading: string) => readme.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
const [prelude, ...tour] = stepsOf(sectionOf('A five-minute tour'));
/** What shows no answer there is for another terminal or another key. */
const buses = stepsOf(sectionOf('The next bus')).filter(({ expected }) => expected !== undefined);
const migrations = stepsOf(sectionOf('Database migrations'));
const steps = [...tour, ...buses, ...migrations];
const noCurl = spawnSync('curl', ['--version']).error ? 'curl is not installed' : false;

describe('the five-minute tour', { skip: noCurl }, () => {
  let hawker: Started;
  before(async () => {
    hawker = await startHawker();
  });
  after(() => hawker.stop());

  it('opens with the two variables that all of it uses', () => {
    assert.match(prelude?.shell ?? '', /^AUTH=.*hwk_\.\.\..*\nAPI=http:\/\/localhost:8080/);
    assert.ok(tour.length >= 7 && buses.length >= 3 && migrations.length >= 7);
  });

  for (const step of steps) takes(step, () => hawker);
});

describe('private images into Slides', { skip: noCurl }, () => {
  const [starting, settings, ...shown] = stepsOf(sectionOf('Private images into Slides'));
  let google: ChildProcess;
  let said = '';
  let hawker: Started;
  before(async () => {
    google = spawn(process.execPath, [join(ROOT, 'scripts/fake-google.ts'), '--port', '0'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    google.stdout?.on('data', (chunk) => {
      said += String(chunk);
    });
    const printed = /export (.*)\n/.exec(await outputUntil(google, /export .*\n/))?.[1] ?? '';
    const port = await freePort();
    const env = Object.fromEntries(printed.split(' ').map((setting) => setting.split('=')));
    hawker = await startHawker({ ...env, PORT: String(port), HAWKER_PUBLIC_URL: `http://localhost:${port}` });
  });
  after(async () => {
    await hawker.stop();
    const ended = once(google, 'exit');
    google.kill('SIGTERM');
    await ended;
  });

  it('starts with the settings that the stand-in prints', () => {
    assert.equal(starting?.shell, 'npm run fake-google\n');
    const names = (text: string) => [...text.matchAll(/\b([A-Z_]+)=/g)].map(([, name]) => name);
    assert.deepEqual(names(settings?.shell ?? ''), [...names(said), 'HAWKER_PUBLIC_URL']);
    assert.ok(shown.length >= 3);
  });

  for (const step of shown) takes(step, () => hawker);

  it('leaves addresses that are dead, as the stand-in shows', async () => {
    const deadline = performance.now() + SOON_MS;
    const addresses = () => [...said.matchAll(/was fetched from (\S+)/g)].map(([, address = '']) => address);
    while (addresses().length < 2 && performance.now() < deadline) await sleep(50);
    assert.equal(addresses().length, 2);
    for (const address of addresses()) assert.equal((await fetch(address)).status, 404);
  });
});

/** Takes one step: it prints what README shows. */
function takes({ shell, expected }: Step, started: () => Started): void {
  it(`prints what README shows for: ${shell.split('\n')[0]?.slice(0, 90)}`, async () => {
    const wanted = patternOf(expected ?? '');
    const deadline = performance.now() + SOON_MS;
    let printed = await started().run(shell);
    // Counting happens behind the answers: what only reads may be asked again.
    while (!wanted.test(printed) && isRead(shell) && performance.now() < deadline) {
      await sleep(100);
      printed = await started().run(shell);
    }
    assert.ok(wanted.test(printed), `README shows:\n${expected}\nbut it printed:\n${printed}`);
  });
}

interface Started {
  /** Runs a block of README's in a folder of its own, with the address and the key that are good here. */
  run(shell: string): Promise<string>;
  stop(): Promise<void>;
}

async function startHawker(env: Record<string, string> = {}): Promise<Started> {
  const folder = await mkdtemp(join(tmpdir(), 'hawker-tour-'));
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(?:HAWKER_|LTA_|PORT$|GOOGLE_|GCE_|METADATA_|.*_EMULATOR_HOST$)/.test(name),
  );
  const server = spawn(process.execPath, [join(ROOT, 'scripts/start.ts')], {
    cwd: folder,
    env: { ...Object.fromEntries(own), PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const said = await outputUntil(server, /admin key: hwk_\S+\n/);
  const address = /"address":"http:\/\/([^"/]+)/.exec(said)?.[1] ?? '';
  const key = /admin key: (hwk_\S+)/.exec(said)?.[1] ?? '';
  assert.match(address, /^localhost:\d+$/);
  return {
    run: (shell) =>
      new Promise((resolve, reject) => {
        const script = `set -euo pipefail\n${prelude?.shell}\n${shell}`
          .replaceAll('npm run -s migrate --', `'${process.execPath}' '${join(ROOT, 'scripts/migrate.ts')}'`)
          .replaceAll('localhost:8080', address)
          .replaceAll('hwk_...', key);
        execFile('bash', ['-c', script], { cwd: folder, timeout: START_MS }, (error, stdout) =>
          error ? reject(error) : resolve(stdout),
        );
      }),
    async stop() {
      const ended = once(server, 'exit');
      server.kill('SIGTERM');
      const late = setTimeout(() => server.kill('SIGKILL'), 10_000);
      const [code] = await ended;
      clearTimeout(late);
      await rm(folder, { recursive: true });
      assert.equal(code, 0, 'it stops cleanly');
    },
  };
}

function stepsOf(text: string): Step[] {
  const found: Step[] = [];
  for (const [, language, body = ''] of text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)) {
    if (language === 'sh') found.push({ shell: body, expected: undefined });
    const last = found.at(-1);
    if (language === 'text' && last) last.expected = body;
  }
  return found;
}

/** Lines may run together, as they do when an answer ends without a newline. */
function patternOf(expected: string): RegExp {
  const lines = expected.trim().split('\n');
  const escaped = lines.map((line) => line.split('…').map(RegExp.escape).join('[^\\n]*?'));
  return new RegExp(`^\\s*${escaped.join('\\s*')}\\s*$`);
}

function isRead(shell: string): boolean {
  return shell.includes('"$AUTH"') && !/ (?:-X|--json|--data-binary) /.test(shell);
}

/** Everything it printed until the pattern matched. */
async function outputUntil(child: ChildProcess, pattern: RegExp): Promise<string> {
  let output = '';
  const signal = AbortSignal.timeout(START_MS);
  for await (const chunk of child.stdout?.iterator({ destroyOnReturn: false }) ?? []) {
    output += String(chunk);
    if (pattern.test(output)) {
      child.stdout?.resume();
      return output;
    }
    signal.throwIfAborted();
  }
  throw new Error(`it ended and said: ${output}`);
}
