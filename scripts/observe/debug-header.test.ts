import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { isDebugged, useDebugKey } from '#shared/telemetry/debug-header.ts';
import { createKeptLog } from '#shared/testing/kept-log.ts';

const KEY = 'k'.repeat(32);

async function observe(args: string[], env: Record<string, string> = { HAWKER_DEBUG_KEY: KEY }) {
  const child = spawn(process.execPath, [join(import.meta.dirname, '../observe.ts'), ...args], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 30_000,
  });
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { stdout, stderr, code: code as number };
}

describe('observe debug-header', () => {
  it('prints a header that a function with the same key takes, and no other does', async (t) => {
    t.after(() => useDebugKey(undefined));
    for (const args of [[], ['--minutes', '60'], ['--minutes', '1']]) {
      const { stdout, code } = await observe(['debug-header', ...args]);
      assert.equal(code, 0);
      const [, name = '', value = ''] = /^(\S+): (\S+)\n$/.exec(stdout) ?? [];
      useDebugKey(KEY);
      assert.equal(isDebugged(new Headers({ [name]: value }), createKeptLog()), true);
      useDebugKey('o'.repeat(32));
      assert.equal(isDebugged(new Headers({ [name]: value }), createKeptLog()), false);
    }
  });

  it('says in one line what is wrong', async () => {
    for (const [args, env, code, said] of [
      [['debug-header'], {}, 1, /HAWKER_DEBUG_KEY is not set/],
      [['debug-header', '--minutes', '61'], undefined, 2, /--minutes must be a whole number from 1 to 60/],
      [['debug-header', '--minutes', '0'], undefined, 2, /--minutes/],
      [['debug-header', 'now'], undefined, 2, /what is "now" for/],
    ] as const) {
      const ended = await observe([...args], env);
      assert.equal(ended.code, code);
      assert.match(ended.stderr, said);
      assert.equal(ended.stderr.trimEnd().split('\n').length, 1);
      assert.equal(ended.stdout, '');
    }
    assert.match((await observe(['debug-header', '--help'])).stdout, /^usage: npm run -s observe -- debug-header/);
  });
});
