import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { lease, startLease, temporaryFolder } from './testing.ts';

/** `-- node -e <script>` */
const node = (script: string) => ['--', process.execPath, '-e', script];
/** Runs until a signal ends it; says that it runs, and its process id. */
const STAYS = 'console.log("runs", process.pid); setInterval(() => {}, 1000);';

interface Told {
  holder?: string;
  token: number;
  note?: string;
  broken?: { reason: string; by: string };
}

async function get(data: string, name: string): Promise<Told> {
  const { stdout, stderr } = await lease(data, ['get', name, '--json']);
  assert.equal(stderr, '');
  return JSON.parse(stdout) as Told;
}

/** Resolves when there is no such process. */
async function gone(pid: number): Promise<void> {
  for (let n = 0; n < 500; n++) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await sleep(20);
  }
  assert.fail(`process ${pid} is still there`);
}

const pidIn = (text: string) => Number(/runs (\d+)/.exec(text)?.[1]);

describe('lease run', () => {
  it('tells the command which lease and which token, gives its exit code back, and then the lease', async () => {
    using data = temporaryFolder();
    const print = node('console.log(process.env.HAWKER_LEASE_NAME, process.env.HAWKER_LEASE_TOKEN); process.exit(7)');
    const first = await lease(data.path, ['run', 'nightly', '--note', 'the report', ...print]);
    assert.deepEqual([first.code, first.stderr], [7, '']);
    const [, name, token] = /^(\S+) (\d+)\n$/.exec(first.stdout) ?? [];
    assert.equal(name, 'nightly');
    const told = await get(data.path, 'nightly');
    assert.deepEqual([told.holder, told.token, told.note], [undefined, Number(token), 'the report']);
    const second = await lease(data.path, ['run', 'nightly', ...print]);
    assert.ok(Number(/ (\d+)\n/.exec(second.stdout)?.[1]) > Number(token), 'the token grew');
  });

  it('tells as shells do that a signal ended the command', async () => {
    using data = temporaryFolder();
    const { code } = await lease(data.path, ['run', 'nightly', ...node('process.kill(process.pid, "SIGKILL")')]);
    assert.equal(code, 128 + 9);
  });

  it('lets one in at a time, however many want to', async () => {
    using data = temporaryFolder();
    const book = join(data.path, 'book');
    // Long enough for another to be seen, were it let in.
    const work = `const { appendFileSync } = require('node:fs');
      const write = (what) => appendFileSync(${JSON.stringify(book)}, what + ' ' + process.env.HAWKER_LEASE_TOKEN + '\\n');
      write('begin'); setTimeout(() => write('end'), 150);`;
    const runs = await Promise.all(
      Array.from({ length: 5 }, () => lease(data.path, ['run', 'nightly', '--wait', '25', ...node(work)])),
    );
    assert.deepEqual(
      runs.map(({ code }) => code),
      [0, 0, 0, 0, 0],
    );
    const lines = readFileSync(book, 'utf8').trim().split('\n');
    const tokens = lines.filter((line) => line.startsWith('begin')).map((line) => Number(line.split(' ')[1]));
    assert.equal(tokens.length, 5);
    assert.deepEqual(
      lines,
      tokens.flatMap((token) => [`begin ${token}`, `end ${token}`]),
    );
    assert.deepEqual(
      tokens,
      [...tokens].sort((a, b) => a - b),
    );
  });

  it('ends with 75 and says why where another holds the lease, at once or after the wait', async () => {
    using data = temporaryFolder();
    await using holder = startLease(data.path, ['run', 'nightly', ...node(STAYS)]);
    await holder.shows(/runs/);
    const { holder: identity } = await get(data.path, 'nightly');
    for (const wait of [[], ['--wait', '0.5']]) {
      const { code, stdout, stderr } = await lease(data.path, ['run', 'nightly', ...wait, ...node(STAYS)]);
      assert.deepEqual([code, stdout], [75, '']);
      assert.match(stderr, /^lease: [^\n]+\n$/);
      assert.ok(stderr.includes(identity ?? '?'), stderr);
    }
    for (const wait of [[], ['--wait', '0.5']]) {
      const { code, stderr } = await lease(data.path, ['run', 'nightly', '--json', ...wait, ...node(STAYS)]);
      const told = JSON.parse(stderr) as { event: string; why: string };
      assert.deepEqual([code, told.event, told.why.includes(identity ?? '?')], [75, 'held', true]);
    }
    process.kill(pidIn(holder.stdout()), 'SIGTERM');
    assert.equal((await holder.ended).code, 128 + 15);
  });

  it('passes signals on, each once, and waits for the command to end as it likes', async () => {
    using data = temporaryFolder();
    for (const [signal, code] of [
      ['SIGINT', 3],
      ['SIGTERM', 4],
      ['SIGHUP', 5],
    ] as const) {
      const script = `let n = 0; process.on(${JSON.stringify(signal)}, () => { n++; setTimeout(() => process.exit(n === 1 ? ${code} : 99), 100); }); ${STAYS}`;
      await using started = startLease(data.path, ['run', 'nightly', ...node(script)]);
      await started.shows(/runs/);
      started.child.kill(signal);
      assert.equal((await started.ended).code, code, signal);
      assert.equal((await get(data.path, 'nightly')).holder, undefined);
    }
  });

  it('runs nothing when it is ended while it waits', async () => {
    using data = temporaryFolder();
    await using holder = startLease(data.path, ['run', 'nightly', ...node(STAYS)]);
    await holder.shows(/runs/);
    await using waiting = startLease(data.path, ['run', 'nightly', '--wait', '60', ...node(STAYS)]);
    // It has said nothing yet, and there is nothing to see of it from outside but its open files.
    await sleep(1_000);
    waiting.child.kill('SIGINT');
    const { code, stdout } = await waiting.ended;
    assert.deepEqual([code, stdout], [128 + 2, '']);
    holder.child.kill('SIGTERM');
    await holder.ended;
  });

  it('ends the command, and all that it started, when the lease is taken away', async () => {
    using data = temporaryFolder();
    // The shell waits for the first command and would go on to the second.
    const shell = ['--', '/bin/sh', '-c', `'${process.execPath}' -e '${STAYS}'; echo second`];
    await using started = startLease(data.path, ['run', 'nightly', '--duration', '3', ...shell]);
    await started.shows(/runs/);
    const broken = await lease(data.path, ['break', 'nightly', '--reason', 'it hangs']);
    assert.equal(broken.code, 0, broken.stderr);
    const { code, stdout, stderr } = await started.ended;
    assert.equal(code, 1);
    assert.match(stderr, /^lease: [^\n]+ending the command\n$/);
    await gone(pidIn(stdout));
    assert.doesNotMatch(stdout, /second/);
    const told = await get(data.path, 'nightly');
    assert.equal(told.holder, undefined);
    assert.match(told.broken?.by ?? '', /@[^ ]+ \(command line\)$/);
    assert.equal(told.broken?.reason, 'it hangs');
  });

  it('kills a command that does not end when told to', async () => {
    using data = temporaryFolder();
    const stubborn = `process.on('SIGTERM', () => {}); ${STAYS}`;
    await using started = startLease(data.path, ['run', 'nightly', '--duration', '3', '--json', ...node(stubborn)]);
    await started.shows(/runs/);
    await lease(data.path, ['break', 'nightly', '--reason', 'it hangs']);
    const { code, stdout, stderr } = await started.ended;
    assert.equal(code, 1);
    await gone(pidIn(stdout));
    const events = stderr
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { event: string }).event);
    assert.deepEqual(events, ['acquired', 'lost']);
  });

  it('leaves no command behind when it is killed, and the lease to whoever waits', async () => {
    using data = temporaryFolder();
    // Whether it runs is told by what it listens on: in a container a process that has ended may keep its number for a while.
    const socket = JSON.stringify(join(data.path, 'runs'));
    const stubborn = `process.on('SIGTERM', () => {}); setTimeout(process.exit, 20_000);
      require('node:net').createServer().listen(${socket}, () => console.log('runs'));`;
    await using killed = startLease(data.path, ['run', 'nightly', '--duration=2', ...node(stubborn)]);
    await killed.shows(/runs/);
    const { token } = await get(data.path, 'nightly');
    await using next = startLease(data.path, [
      'run',
      'nightly',
      '--wait=20',
      ...node(`console.log('token', process.env.HAWKER_LEASE_TOKEN);
        const other = require('node:net').connect(${socket}, () => { console.log('both run'); other.end(); });
        other.on('error', ({ code }) => console.log(code));`),
    ]);
    killed.child.kill('SIGKILL');
    const { code, stdout } = await next.ended;
    assert.equal(code, 0);
    assert.match(stdout, /\nECONNREFUSED\n$/);
    assert.ok(Number(/token (\d+)/.exec(stdout)?.[1]) > token);
    // Its outputs are closed when nothing of it is left.
    await killed.ended;
  });
});
