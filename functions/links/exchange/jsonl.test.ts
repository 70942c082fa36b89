import assert from 'node:assert/strict';
import test from 'node:test';
import { readJsonLines } from './jsonl.ts';

test('every line that is no link is named with the reason, in words', () => {
  const lines: [string, string][] = [
    ['{', 'is not JSON'],
    ['[]', 'is no link'],
    ['null', 'is no link'],
    ['{"slug":"a","target":null}', 'has no target'],
    [
      '{"slug":"a","target":"https://x.example/","colour":1,"size":2}',
      'colour is no field of a link; size is no field of a link',
    ],
    ['{"target":"https://x.example/","tags":"t"}', 'has no slug; tags must be a list'],
  ];
  const { drafts, problems } = readJsonLines(lines.map(([line]) => line).join('\n'), undefined);
  assert.deepEqual(drafts, []);
  assert.deepEqual(
    problems.map(({ line, reason }) => [line, reason]),
    lines.map(([, reason], index) => [index + 1, reason]),
  );
});
