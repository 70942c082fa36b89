import assert from 'node:assert/strict';
import test from 'node:test';
import { createTestApp, type TestApp } from '../testing.ts';

const TEXT = { 'Content-Type': 'text/plain' };
const at = (call: string, query: string) =>
  `${call} /v1/domains/go.example/${call === 'POST' ? 'import' : 'export'}?${query}`;

async function domain(): Promise<TestApp> {
  const app = await createTestApp();
  assert.equal((await app.ask('PUT /v1/domains/go.example', {})).status, 201);
  return app;
}

test('an import answers what it did; a dry run what it would do, and does not', async () => {
  const app = await domain();
  const file = '/a /x\n/b/* https://t.example/:splat 302\n/c /x 200\n';
  const query = 'format=netlify&base=https://www.example.com';
  const problems = [
    { line: 3, text: '/c /x 200', reason: 'has status 200 and shows another page in its place; a link only redirects' },
  ];

  const dry = await app.ask(at('POST', `${query}&dryRun=true`), file, TEXT);
  assert.equal(dry.status, 200, JSON.stringify(dry.body));
  const { changes, ...counts } = dry.body;
  assert.deepEqual(counts, { dryRun: true, created: 2, updated: 0, unchanged: 0, problems });
  assert.equal(changes.length, 2);
  assert.deepEqual((await app.ask('GET /v1/domains/go.example/links')).body.items, []);

  const done = await app.ask(at('POST', query), file, TEXT);
  assert.deepEqual(done.body, { dryRun: false, created: 2, updated: 0, unchanged: 0, problems });
  const again = await app.ask(at('POST', query), file, TEXT);
  assert.deepEqual(again.body, { dryRun: false, created: 0, updated: 0, unchanged: 2, problems });
});

test('an export is a file of its kind, under a name, and comes back in', async () => {
  const app = await domain();
  await app.ask(at('POST', 'format=netlify'), '/b/* https://t.example/:splat 302\n', TEXT);
  const expected = {
    netlify: ['text/plain', '_redirects'],
    'netlify-toml': ['application/toml', 'netlify.toml'],
    csv: ['text/csv', 'go.example.csv'],
    jsonl: ['application/x-ndjson', 'go.example.jsonl'],
  };
  for (const [format, [type, name]] of Object.entries(expected)) {
    const file = await app.ask(at('GET', `format=${format}`));
    assert.equal(file.headers.get('Content-Type'), `${type}; charset=utf-8`);
    assert.equal(file.headers.get('Content-Disposition'), `attachment; filename="${name}"`);
    const text = typeof file.body === 'string' ? file.body : JSON.stringify(file.body);
    const back = await app.ask(at('POST', `format=${format}`), text, TEXT);
    assert.equal(back.body.unchanged, 1, `${format}: ${text}`);
  }
});

test('a long export comes whole, page after page', async () => {
  const app = await domain();
  const lines = Array.from({ length: 1_203 }, (_, index) => `/p${index} https://t.example/${index}`);
  await app.ask(at('POST', 'format=netlify'), lines.join('\n'), TEXT);
  const csv = await app.ask(at('GET', 'format=csv'));
  assert.equal(csv.body.trimEnd().split('\r\n').length, 1_204);
});

test('viewers export and editors import, each only at their own domain', async () => {
  const app = await domain();
  await app.ask('PUT /v1/domains/other.example', {});
  const key = async (role: string, host: string) => {
    const made = await app.ask('POST /v1/keys', { name: 'k', role, host });
    assert.equal(made.status, 201, JSON.stringify(made.body));
    return { Authorization: `Bearer ${made.body.key}` };
  };
  const [viewer, editor, stranger] = [
    await key('viewer', 'go.example'),
    await key('editor', 'go.example'),
    await key('editor', 'other.example'),
  ];
  const file = '/a https://t.example/x';
  for (const [headers, imports, exports] of [
    [viewer, 403, 200],
    [editor, 200, 200],
    [stranger, 403, 403],
  ] as const) {
    assert.equal((await app.ask(at('POST', 'format=netlify'), file, { ...TEXT, ...headers })).status, imports);
    assert.equal((await app.ask(at('GET', 'format=csv'), undefined, headers)).status, exports);
  }
});

test('what cannot be read at all is refused with the reason', async () => {
  const app = await domain();
  const refusals: [string, string, number, RegExp][] = [
    ['format=xml', '', 422, /\?format/],
    ['format=netlify&base=ftp://x.example', '/a /b', 422, /\?base/],
    ['format=netlify&dryRun=maybe', '/a /b', 422, /\?dryRun/],
    ['format=netlify-toml', '[[redirects]\n', 422, /line 1/],
    ['format=csv', 'slug,target\n"a', 422, /line 2/],
  ];
  for (const [query, file, status, detail] of refusals) {
    const answer = await app.ask(at('POST', query), file, TEXT);
    assert.equal(answer.status, status, query);
    assert.match(answer.body.detail, detail);
  }
  for (const call of ['POST /v1/domains/no.example/import?format=csv', 'GET /v1/domains/no.example/export?format=csv'])
    assert.equal((await app.ask(call, call.startsWith('POST') ? 'slug' : undefined, TEXT)).status, 404);
});
