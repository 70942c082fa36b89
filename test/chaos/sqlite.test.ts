/** The chaos command as its users run it, on SQLite. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { assertMuchHappened, runCommand } from './command.ts';

it('finds nothing wrong with leases on SQLite in a minute of kills, stops and lying wall clocks', async () => {
  const { code, report, stderr } = await runCommand(['--store', 'sqlite', '--seconds', '60']);
  assert.deepEqual([code, report?.violations], [0, []], stderr);
  assertMuchHappened(report, { elections: 30, kills: 10, stops: 15, wallClockJumps: 10, commits: 200, stale: 5 });
});

it('refuses what it does not understand', async () => {
  for (const args of [['--procs', '1'], ['--seconds', 'x'], ['--store', 'etcd'], ['--duration', '1500'], ['--fire']]) {
    const { code, stderr } = await runCommand(args);
    assert.equal(code, 2, `${args.join(' ')}: ${stderr}`);
    assert.equal(stderr.trim().split('\n').length, 1, stderr);
  }
});
