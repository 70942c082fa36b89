import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';

/** A process that serves nothing, and in which this happens. */
function ran(happens: string) {
  const script = `
    const { createServer } = await import('node:http');
    const { createLog } = await import(process.argv[1] + '/log.ts');
    const { drainOnSignal } = await import(process.argv[1] + '/serve/lifecycle.ts');
    const log = createLog({ write: (line) => process.stdout.write(line), now: () => 0, format: 'json' });
    const runtime = { close: async () => undefined };
    drainOnSignal({ server: createServer(), schedules: [], consumers: [], instances: [], runtime }, log);
    setTimeout(() => { ${happens} });`;
  const args = ['--input-type=module', '-e', script, join(import.meta.dirname, '..')];
  const { stdout, stderr, status } = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 30_000 });
  const lines = stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  return { lines, stderr, status };
}

describe('a process ends', () => {
  for (const [how, happens] of [
    ['thrown', "throw new TypeError('Bearer sesame-1234')"],
    ['rejected', "void Promise.reject(new TypeError('Bearer sesame-1234'))"],
  ] as const)
    it(`by an error that was ${how} and not caught, with a line of it that tells no secret`, () => {
      const { lines, stderr, status } = ran(happens);
      assert.deepEqual(
        lines.map(({ severity, error }) => [severity, error]),
        [['ERROR', 'TypeError: Bearer [redacted]']],
      );
      assert.match(String(lines[0]?.['stack_trace']), /\n\s+at /);
      assert.deepEqual([stderr, status], ['', 1]);
    });

  it('by a signal, when it has drained', () => {
    const { lines, status } = ran("setInterval(() => undefined, 1_000); process.kill(process.pid, 'SIGTERM')");
    assert.deepEqual([lines.map(({ message }) => message), status], [['draining', 'stopped'], 0]);
  });
});
