import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HelpWanted, UsageError } from '../command/usage.ts';
import { readCommand } from './usage.ts';

describe('what is typed after npm run data', () => {
  it('is an export to a file or an import from one', () => {
    assert.deepEqual(readCommand(['export', '--to', 'f', '--resume']), {
      ...{ action: 'export', path: 'f', resume: true, json: false },
    });
    const common = { action: 'import', path: 'f', dryRun: false, json: false };
    assert.deepEqual(readCommand(['import', '--from', 'f']), { ...common, policy: 'refuse' });
    assert.deepEqual(readCommand(['import', '--from', 'f', '--replace', '--dry-run']), {
      ...common,
      policy: 'replace',
      dryRun: true,
    });
    assert.deepEqual(readCommand(['import', '--from', 'f', '--skip-existing']), { ...common, policy: 'keep' });
  });

  const wrong: [string, string[], RegExp][] = [
    ['nothing', [], /^usage: /],
    ['another command', ['move'], /no command move/],
    ['no file to make', ['export'], /--to/],
    ['no file to read', ['import'], /--from/],
    ['an export to the standard output', ['export', '--to', '-'], /a file, not the standard output/],
    ['an import from the standard input', ['import', '--from', '-'], /a file, not the standard input/],
    ['a file without its option', ['export', 'f'], /its file with --to/],
    ['an export that replaces', ['export', '--to', 'f', '--replace'], /export takes --to/],
    ['a dry export', ['export', '--to', 'f', '--dry-run'], /export takes --to/],
    ['an import that resumes', ['import', '--from', 'f', '--resume'], /goes on by itself/],
    ['both ways with what is there', ['import', '--from', 'f', '--replace', '--skip-existing'], /exclude each other/],
    ['an option that does not exist', ['export', '--force'], /--force/],
  ];
  for (const [what, args, reason] of wrong)
    it(`is refused in one line: ${what}`, () => {
      assert.throws(
        () => readCommand(args),
        (error) => error instanceof UsageError && reason.test(error.message) && !error.message.includes('\n'),
      );
    });

  it('may ask for help anywhere, which tells the exit codes', () => {
    for (const args of [['-h'], ['export', '--help']])
      assert.throws(
        () => readCommand(args),
        (error) => error instanceof HelpWanted && /Exit codes: 0/.test(error.message),
      );
  });
});
