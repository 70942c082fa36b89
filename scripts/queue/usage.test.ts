import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { HelpWanted, UsageError } from '../command/usage.ts';
import { readCommand } from './usage.ts';

const read = (...args: string[]) => readCommand(args, ['clicks', 'slides-jobs']);

describe('what is typed after npm run queue', () => {
  it('is understood as README writes it', () => {
    const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');
    const section = /^\*\*Dead letters\*\*[\s\S]*?(?=^## )/m.exec(readme)?.[0] ?? '';
    const written = [...section.matchAll(/\bdlq ((?:ls|show|redrive|purge)\b[^`\n]*)/g)].map(([, line = '']) =>
      line.split(' '),
    );
    assert.deepEqual(new Set(written.map(([action]) => action)), new Set(['ls', 'show', 'redrive', 'purge']));
    for (const words of written)
      if (words.length > 1) assert.equal(read('dlq', ...words).subscription, 'clicks', words.join(' '));
    assert.doesNotMatch(section, /`(?:show|redrive|purge)\b/, 'no one of these can be called by its name alone');
  });

  it('is an action on a subscription, on some of its dead letters or all', () => {
    const common = { subscription: 'clicks', ids: undefined, json: false };
    assert.deepEqual(read('dlq', 'ls', 'clicks'), { ...common, action: 'ls', limit: 100 });
    assert.deepEqual(read('dlq', 'ls', 'clicks', '--limit', '1000', '--json'), {
      ...common,
      action: 'ls',
      limit: 1_000,
      json: true,
    });
    assert.deepEqual(read('dlq', 'show', 'clicks', '7', '8'), {
      ...common,
      action: 'show',
      ids: ['7', '8'],
      limit: 100,
    });
    assert.deepEqual(read('dlq', 'redrive', 'clicks', '--all'), {
      ...common,
      action: 'redrive',
      limit: Number.POSITIVE_INFINITY,
    });
    assert.deepEqual(read('dlq', 'redrive', 'clicks', '--all', '--limit', '5'), {
      ...common,
      action: 'redrive',
      limit: 5,
    });
    assert.equal(read('dlq', 'purge', 'clicks', '7', '--yes').action, 'purge');
  });

  const wrong: [string, string[], RegExp][] = [
    ['nothing', [], /^usage: .*redrive/],
    ['no action', ['dlq'], /^usage: /],
    ['another command', ['dql', 'ls', 'clicks'], /no command dql/],
    ['another action', ['dlq', 'list', 'clicks'], /no action list/],
    ['no subscription', ['dlq', 'ls'], /name a subscription; there are clicks, slides-jobs/],
    ['one that does not exist', ['dlq', 'ls', 'click'], /no subscription click; there are clicks, slides-jobs/],
    ['ids to list', ['dlq', 'ls', 'clicks', '7'], /ls takes neither/],
    ['all to list', ['dlq', 'ls', 'clicks', '--all'], /ls takes neither/],
    ['neither ids nor all', ['dlq', 'redrive', 'clicks'], /either ids.*or --all/],
    ['ids and all', ['dlq', 'show', 'clicks', '7', '--all'], /either ids.*or --all/],
    ['ids and a limit', ['dlq', 'redrive', 'clicks', '7', '--limit', '1'], /--limit goes with/],
    ['a purge that nobody confirms', ['dlq', 'purge', 'clicks', '--all'], /--yes/],
    ['a confirmed list', ['dlq', 'ls', 'clicks', '--yes'], /--yes goes with purge/],
    ['no limit', ['dlq', 'ls', 'clicks', '--limit', '0'], /from 1 to 1000, not "0"/],
    ['too high a limit', ['dlq', 'show', 'clicks', '--all', '--limit', '1001'], /from 1 to 1000/],
    ['a limit that is no number', ['dlq', 'redrive', 'clicks', '--all', '--limit', '1e3'], /from 1 to 1000000/],
    ['an option that does not exist', ['dlq', 'ls', 'clicks', '--colour'], /--colour/],
  ];
  for (const [what, args, reason] of wrong)
    it(`is refused in one line: ${what}`, () => {
      assert.throws(
        () => read(...args),
        (error) => error instanceof UsageError && reason.test(error.message) && !error.message.includes('\n'),
      );
    });

  it('may ask for help anywhere', () => {
    for (const args of [['--help'], ['dlq', '-h'], ['dlq', 'purge', 'clicks', '--help']])
      assert.throws(() => read(...args), HelpWanted);
  });
});
