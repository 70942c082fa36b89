import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, it } from 'node:test';

/** What a process says that ends with this reason, and its exit code. */
function said(reason: string): { stderr: string; status: number | null } {
  const script = `
    const { exitWithReason } = await import(process.argv[1] + '/serve/exit.ts');
    const { AppError } = await import(process.argv[1] + '/errors.ts');
    exitWithReason(${reason});`;
  const args = ['--input-type=module', '-e', script, join(import.meta.dirname, '..')];
  return spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 30_000 });
}

describe('a process that cannot start', () => {
  it('tells a reason that a person can mend in one line, and the stack of any other', () => {
    const mendable = said("new AppError('storage_full', 'there is no room left')");
    assert.deepEqual([mendable.stderr, mendable.status], ['hawker: there is no room left\n', 1]);
    assert.match(said("new TypeError('bug')").stderr, /^hawker: TypeError: bug\n\s+at /);
  });

  it('tells no secret with it', () => {
    for (const kind of ["AppError('internal', ", 'Error('])
      assert.match(said(`new ${kind}'postgres://ann:sesame-1234@db/shop')`).stderr, /postgres:\/\/\[redacted\]@db/);
  });
});
