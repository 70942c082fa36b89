import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HelpWanted, UsageError } from '../command/usage.ts';
import { readCommand } from './usage.ts';

describe('what is typed after npm run bus', () => {
  it('is sync, from LTA or from files', () => {
    assert.deepEqual(readCommand(['sync']), { files: [], allowShrink: false, json: false });
    assert.deepEqual(readCommand(['sync', '--file', 'a.json', '--file=b.json', '--allow-shrink', '--json']), {
      files: ['a.json', 'b.json'],
      allowShrink: true,
      json: true,
    });
  });

  const wrong: [string, string[], RegExp][] = [
    ['nothing', [], /^usage: .*sync/],
    ['another command', ['snyc'], /no command snyc; usage/],
    ['a file without --file', ['sync', 'a.json'], /^a\.json does not belong here/],
    ['a second file without --file', ['sync', '--file', 'a.json', 'b.json'], /^b\.json does not belong here/],
    ['--file without a path', ['sync', '--file'], /--file/],
    ['an empty path', ['sync', '--file', ''], /--file needs a path/],
    ['an option that does not exist', ['sync', '--force'], /--force/],
  ];
  for (const [what, args, reason] of wrong)
    it(`is refused in one line: ${what}`, () => {
      assert.throws(
        () => readCommand(args),
        (error) => error instanceof UsageError && reason.test(error.message) && !error.message.includes('\n'),
      );
    });

  it('may ask for help anywhere', () => {
    for (const args of [['--help'], ['sync', '-h'], ['sync', '--file', 'a', '--help']])
      assert.throws(() => readCommand(args), HelpWanted);
  });
});
