import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { lease, temporaryFolder } from './testing.ts';

/** A call, and what its one line must say. */
const WRONG: [args: string[], says: RegExp][] = [
  [[], /name a command: ls/],
  [['lead'], /no command lead/],
  [['toString'], /no command toString/],
  [['two\nlines'], /no command two lines/],
  [['ls', 'relay'], /"relay"/],
  [['ls', '--loud'], /--loud/],
  [['ls', '--json=yes'], /--json/],
  [['get'], /<name> is missing/],
  [['get', 'a', 'b'], /"b"/],
  [['get', 'not a name'], /name/],
  [['get', 'a'.repeat(201)], /name/],
  [['history', 'a', '--limit', '0'], /--limit/],
  [['history', 'a', '--limit', '1e2'], /--limit/],
  [['history', 'a', '--limit'], /--limit/],
  [['break', 'a'], /--reason/],
  [['break', 'a', '--reason', '  '], /--reason/],
  [['break', 'a', '--reason', 'x'.repeat(201)], /--reason/],
  [['break', 'a', '--reason', 'two\nlines'], /--reason/],
  [['break', 'a', '--reason', 'x', '--reason', 'y'], /--reason was given 2 times/],
  [['watch', 'a', 'b'], /"b"/],
  [['watch', '../a'], /name/],
  [['run'], /<name> is missing/],
  [['run', 'a'], /what to run/],
  [['run', 'a', '--'], /what to run/],
  [['run', 'a', '--', ''], /what to run/],
  [['run', '--', 'true'], /<name> is missing/],
  [['run', 'a', 'true', '--', 'x'], /"true"/],
  [['run', 'a b', '--', 'true'], /name/],
  [['run', 'a', '--wait', '-1', '--', 'true'], /--wait/],
  [['run', 'a', '--wait', 'soon', '--', 'true'], /--wait/],
  [['run', 'a', '--wait', '604801', '--', 'true'], /--wait/],
  [['run', 'a', '--duration', '0', '--', 'true'], /--duration/],
  [['run', 'a', '--duration', '3601', '--', 'true'], /--duration/],
  [['run', 'a', '--duration', '1.5', '--', 'true'], /second/],
  [['run', 'a', '--note', 'x'.repeat(201), '--', 'true'], /note/],
];

describe('what is typed wrongly', () => {
  it('ends with 2 and one line that says what, and changes nothing', async () => {
    using data = temporaryFolder();
    // Two at a time: each is a process.
    const rest = [...WRONG];
    const worker = async () => {
      for (let next = rest.shift(); next; next = rest.shift()) {
        const [args, says] = next;
        const { code, stdout, stderr } = await lease(data.path, args);
        assert.deepEqual([code, stdout], [2, ''], `${args.join(' ')}: ${stderr}`);
        assert.match(stderr, /^lease: [^\n]+\n$/);
        assert.match(stderr, says);
      }
    };
    await Promise.all([worker(), worker()]);
    assert.deepEqual(JSON.parse((await lease(data.path, ['ls', '--json'])).stdout), { items: [] });
  });

  it('is told apart from help, which goes to standard output', async () => {
    using data = temporaryFolder();
    for (const args of [['--help'], ['-h'], ['run', '--help'], ['break', 'x', '-h']]) {
      const { code, stdout, stderr } = await lease(data.path, args);
      assert.deepEqual([code, stderr], [0, ''], args.join(' '));
      assert.match(stdout, /^usage: npm run lease -- /);
    }
  });

  it('leaves what stands after -- to the command', async () => {
    using data = temporaryFolder();
    const script = 'console.log(process.argv.slice(1).join(" "))';
    const args = ['run', 'a', '--', process.execPath, '-e', script, '--', '--help', '--json', '--'];
    const { code, stdout } = await lease(data.path, args);
    assert.deepEqual([code, stdout], [0, '--help --json --\n']);
  });
});

describe('what stands in the way', () => {
  it('ends with 1 and one line, never with a stack', async () => {
    using data = temporaryFolder();
    const inFile = join(import.meta.filename, 'data');
    for (const [folder, args, env, says] of [
      [inFile, ['ls'], {}, /usage\.test\.ts/],
      [data.path, ['ls'], { HAWKER_STORE: 'paper' }, /HAWKER_STORE must be/],
      [data.path, ['ls'], { HAWKER_STORE: 'firestore' }, /GOOGLE_CLOUD_PROJECT is needed/],
      [data.path, ['get', 'relay'], {}, /nobody has ever held a lease named relay/],
      [data.path, ['history', 'relay'], {}, /nobody has ever held a lease named relay/],
      [data.path, ['break', 'relay', '--reason', 'it hangs'], {}, /relay/],
      [data.path, ['run', 'a', '--', join(data.path, 'missing')], {}, /no such command/],
      [data.path, ['run', 'a', '--', data.path], {}, /may not be executed/],
    ] as [string, string[], Record<string, string>, RegExp][]) {
      const { code, stdout, stderr } = await lease(folder, args, env);
      assert.deepEqual([code, stdout], [1, ''], `${args.join(' ')}: ${stderr}`);
      assert.match(stderr, /^lease: [^\n]+\n$/);
      assert.match(stderr, says);
    }
    const { stdout } = await lease(data.path, ['get', 'a', '--json']);
    assert.equal((JSON.parse(stdout) as { holder?: string }).holder, undefined, 'given back though nothing could run');
  });
});
