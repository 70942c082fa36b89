import assert from 'node:assert/strict';
import test from 'node:test';
import { AppError, isAppError } from '#shared/errors.ts';
import { withShorthands } from '#shared/store/index.ts';
import { createMemoryDriver } from '#shared/store/memory.ts';
import { aSite } from './imported.ts';

const BASE = 'https://www.example.com';

test('a refused target or a loop is a problem of its line, and the other lines go in', async () => {
  const site = await aSite();
  const file = [
    '/a https://10.0.0.1/x',
    '/b javascript:alert(1)',
    '/c https://go.example/d',
    '/d https://go.example/c',
    '/e https://t.example/',
  ].join('\n');
  const report = await site.import('netlify', file);
  assert.equal(report.created, 2);
  assert.deepEqual(
    report.problems.map(({ line, text, reason }) => [line, text, reason.replace(/: https.*/, '')]),
    [
      [1, '/a https://10.0.0.1/x', 'the target leads to 10.0.0.1, which is not a public address'],
      [2, '/b javascript:alert(1)', 'has no target that begins with /, http:// or https://'],
      [4, '/d https://go.example/c', 'would redirect in a circle, or too often'],
    ],
  );
  assert.deepEqual(
    (await site.links()).map(({ slug }) => slug),
    ['c', 'e'],
  );
});

test('importing the same file again changes nothing, and links that it does not name stay', async () => {
  const site = await aSite();
  await site.import('jsonl', '{"slug":"mine","target":"https://t.example/"}');
  const file = '/a /x\n/b/* /y/:splat 302\n/c /z?own=1\n';
  assert.equal((await site.import('netlify', file, { base: BASE })).created, 3);
  const before = await site.links();
  const { created, updated, unchanged, changes } = await site.import('netlify', file, { base: BASE });
  assert.deepEqual({ created, updated, unchanged, changes }, { created: 0, updated: 0, unchanged: 3, changes: [] });
  assert.deepEqual(await site.links(), before);
  assert.equal(before.length, 4);
});

test('a field that the file does not speak of stays, null takes it away', async () => {
  const site = await aSite();
  const link = { slug: 'a', target: 'https://t.example/', clickLimit: 5, note: 'n', tags: ['t'], query: 'append' };
  await site.import('jsonl', JSON.stringify(link));
  await site.import('netlify', '/a https://t.example/2 301');
  assert.partialDeepStrictEqual((await site.links())[0], { ...link, target: 'https://t.example/2', status: 301 });
  await site.import('csv', 'slug,target,clickLimit,note,query\na,https://t.example/2,,,off\n');
  const [bare] = await site.links();
  assert.partialDeepStrictEqual(bare, { query: 'off', tags: ['t'] });
  assert.ok(bare && !('clickLimit' in bare) && !('note' in bare));
  const report = await site.import('netlify', '/a https://t.example/2 301');
  assert.equal(report.updated, 1, 'a rule passes the query on where the link dropped it');
});

test('a dry run tells each difference and writes nothing', async () => {
  const site = await aSite();
  await site.import('netlify', '/a https://t.example/1 301');
  const report = await site.import('netlify', '/a https://t.example/2 301\n/b/* https://t.example/3', { dryRun: true });
  assert.deepEqual([report.created, report.updated], [1, 1]);
  assert.deepEqual(report.changes, [
    {
      line: 1,
      slug: 'a',
      match: 'exact',
      before: { target: 'https://t.example/1' },
      after: { target: 'https://t.example/2' },
    },
    {
      line: 2,
      slug: 'b',
      match: 'prefix',
      after: {
        slug: 'b',
        match: 'prefix',
        target: 'https://t.example/3',
        status: 301,
        query: 'incoming-wins',
        rest: 'ignore',
        tags: [],
      },
    },
  ]);
  assert.deepEqual(
    (await site.links()).map(({ target }) => target),
    ['https://t.example/1'],
  );
});

test('of two lines for one link the first stays and the second is named', async () => {
  const site = await aSite({ case: 'insensitive' });
  const csv = await site.import(
    'csv',
    'slug,target\nA,https://t.example/1\na/,https://t.example/2\n,https://t.example/3\n',
  );
  assert.equal(csv.created, 1);
  assert.deepEqual(
    csv.problems.map(({ line }) => line),
    [3, 4],
  );
  assert.equal(csv.problems[0]?.reason, 'is the same link as line 2, which stays');
  const netlify = await site.import('netlify', '/B https://t.example/1\n/b https://t.example/2\n');
  assert.deepEqual(
    netlify.problems.map(({ line, reason }) => [line, reason]),
    [[2, 'is the same link as line 1, which stays']],
  );
});

test('a line that makes two links has its problem told once', async () => {
  const site = await aSite({ trailingSlash: 'strict' });
  const { problems } = await site.import(
    'netlify',
    '/a https://10.0.0.1/\n/B https://t.example/\n/b https://t.example/\n',
  );
  assert.deepEqual(
    problems.map(({ line }) => line),
    [1, 3],
  );
});

test('an import that broke off is completed by importing again', async () => {
  const driver = createMemoryDriver();
  let commitsLeft = Infinity;
  const store = withShorthands({
    ...driver,
    commit(writes) {
      if (commitsLeft-- <= 0) throw new AppError('unavailable', 'the store is away');
      return driver.commit(writes);
    },
  });
  const site = await aSite({}, store);
  const file = Array.from({ length: 700 }, (_, index) => `/p/${index} https://t.example/${index} 301`).join('\n');
  commitsLeft = 3;
  await assert.rejects(site.import('netlify', file), (error) => isAppError(error, 'unavailable'));
  const written = (await site.links()).length;
  assert.ok(written > 0 && written < 700, String(written));
  commitsLeft = Infinity;
  const { created, unchanged, problems } = await site.import('netlify', file);
  assert.deepEqual({ created, unchanged, problems }, { created: 700 - written, unchanged: written, problems: [] });
});
