import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { lease, startLease, temporaryFolder } from './testing.ts';

const STAYS = ['--', process.execPath, '-e', 'console.log("runs"); setInterval(() => {}, 1000)'];
const ENDS = ['--', process.execPath, '-e', ''];

async function json<T>(data: string, args: string[]): Promise<T> {
  const { code, stdout, stderr } = await lease(data, [...args, '--json']);
  assert.deepEqual([code, stderr], [0, ''], args.join(' '));
  assert.match(stdout, /^[^\n]+\n$/);
  return JSON.parse(stdout) as T;
}

describe('lease ls, get and history', () => {
  it('tell people in a line each what they tell programs as the HTTP interface does', async () => {
    using data = temporaryFolder();
    for (const note of ['one', 'two']) await lease(data.path, ['run', 'relay', '--note', note, ...ENDS]);
    await using holder = startLease(data.path, ['run', 'cron.hourly', ...STAYS]);
    await holder.shows(/runs/);

    const { items } = await json<{ items: { name: string; why: string; holder?: string }[] }>(data.path, ['ls']);
    assert.deepEqual(
      items.map(({ name, holder }) => [name, holder !== undefined]),
      [
        ['cron.hourly', true],
        ['relay', false],
      ],
    );
    const ls = (await lease(data.path, ['ls'])).stdout.trimEnd().split('\n');
    assert.equal(ls.length, 2);
    for (const [index, { name }] of items.entries()) assert.ok(ls[index]?.startsWith(name));
    assert.ok(ls[0]?.includes(items[0]?.holder ?? '?'));

    const one = await json<{ term: number; token: number; note: string }>(data.path, ['get', 'relay']);
    assert.deepEqual([one.term, one.note], [2, 'two']);
    const get = (await lease(data.path, ['get', 'relay'])).stdout;
    for (const line of [
      /^name +relay$/m,
      /^holder +\(free\)$/m,
      /^term +2$/m,
      new RegExp(`^token +${one.token}$`, 'm'),
    ])
      assert.match(get, line);
    assert.doesNotMatch(get, /^since/m, 'a free lease is not free since its last term began');
    assert.match((await lease(data.path, ['get', 'cron.hourly'])).stdout, /^since +\d{4}-/m);

    const history = await json<{ items: { term: number; note: string; end: string }[] }>(data.path, [
      'history',
      'relay',
    ]);
    assert.deepEqual(
      history.items.map(({ term, note, end }) => [term, note, end]),
      [
        [2, 'two', 'released'],
        [1, 'one', 'released'],
      ],
    );
    const short = (await lease(data.path, ['history', 'relay', '--limit', '1'])).stdout;
    assert.match(short, /^term 2 {2}token \d+ {2}[^\n]+\(two\)\n$/);
    holder.child.kill('SIGTERM');
    await holder.ended;
  });

  it('show nothing to a terminal that a holder may have written for it', async () => {
    using data = temporaryFolder();
    // Either nobody may write such a note, or it is shown without what moves the cursor.
    await lease(data.path, ['run', 'relay', '--note', 'a\u001b[31m\rred\u009b', ...ENDS]);
    await lease(data.path, ['run', 'relay', '--note', 'plain', ...ENDS]);
    for (const args of [['ls'], ['get', 'relay'], ['history', 'relay']])
      assert.doesNotMatch((await lease(data.path, args)).stdout, /[^\P{Cc}\n]/u);
  });

  it('say that there is none where nobody has ever held one', async () => {
    using data = temporaryFolder();
    const { code, stdout, stderr } = await lease(data.path, ['ls']);
    assert.deepEqual([code, stdout], [0, '']);
    assert.match(stderr, /^nobody has ever held a lease here\n$/);
  });
});

describe('lease watch', () => {
  it('tells how things stand and each change, until Ctrl-C', async () => {
    using data = temporaryFolder();
    await lease(data.path, ['run', 'other', ...ENDS]);
    await using all = startLease(data.path, ['watch']);
    await all.shows(/ {2}other {2}/);
    await using watch = startLease(data.path, ['watch', 'relay', '--json']);
    {
      await using holder = startLease(data.path, ['run', 'relay', ...STAYS]);
      await watch.shows(/"term":1,[^\n]*\n$/);
      holder.child.kill('SIGTERM');
      await holder.ended;
    }
    await watch.shows(/\n[^\n]*"term":1,[^\n]*\n$/);
    {
      await using holder = startLease(data.path, ['run', 'relay', '--duration', '3', ...STAYS]);
      await watch.shows(/"term":2,/);
      await lease(data.path, ['break', 'relay', '--reason', 'it hangs']);
      await watch.shows(/"broken":/);
      await holder.ended;
    }
    await all.shows(/it hangs/);
    for (const watcher of [watch, all]) {
      watcher.child.kill('SIGINT');
      const { code, stderr } = await watcher.ended;
      assert.deepEqual([code, stderr], [0, '']);
    }
    const lines = watch.stdout().trim().split('\n');
    const told = lines.map(
      (line) => JSON.parse(line) as { name: string; holder?: string; broken?: { reason: string } },
    );
    assert.ok(told.every(({ name }) => name === 'relay'));
    assert.deepEqual(
      told.map(({ holder, broken }) => [holder !== undefined, broken?.reason]),
      [
        [true, undefined],
        [false, undefined],
        [true, undefined],
        [false, 'it hangs'],
      ],
    );
  });
});
