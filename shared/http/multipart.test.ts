import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import * as z from 'zod';
import { systemIds } from '../ids.ts';
import { withShorthands } from '../store/index.ts';
import { createMemoryDriver } from '../store/memory.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import { createApi } from './api.ts';
import { createApp } from './app.ts';
import { createIdempotency } from './idempotency.ts';
import { MOST_FILES, parseMultipart } from './multipart.ts';

function setUp() {
  const parts = { log: createKeptLog(), clock: createFakeClock(), ids: systemIds };
  const app = createApp(parts);
  const idempotency = createIdempotency({ ...parts, store: withShorthands(createMemoryDriver()) });
  const authenticate = async () => ({ id: 'x', role: 'editor' as const });
  const api = createApi({ app, title: 'T', about: 'A', prefix: '/t', authenticate, idempotency });
  const body = z.strictObject({ a: z.int() });
  const route = { method: 'post', summary: '', role: 'editor', body, answers: { 200: { about: '' } } } as const;
  const files = 'Anything';
  api.route(
    { ...route, path: '/files', operationId: 'files', maxBytes: 3_000_000, files },
    async ({ body: json, files: got }) =>
      Response.json({ json, files: [...got].map(([name, bytes]) => [name, sha256(bytes)]), run: parts.ids.unique() }),
  );
  api.route({ ...route, path: '/json', operationId: 'json' }, () => Response.json({}));
  return async (path: string, sent: NonNullable<RequestInit['body']>, headers: Record<string, string> = {}) => {
    const answer = await app.request(path, { method: 'POST', body: sent, headers });
    return { status: answer.status, body: (await answer.json()) as ReturnType<typeof JSON.parse> };
  };
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function form(parts: Record<string, string | Uint8Array>): FormData {
  const made = new FormData();
  for (const [name, value] of Object.entries(parts))
    made.append(
      name,
      typeof value === 'string' ? value : new Blob([new Uint8Array(value)]),
      ...(typeof value === 'string' ? [] : ['f']),
    );
  return made;
}

describe('a route that takes files', () => {
  it('gets the JSON and every byte of the files, as a text or as a file of JSON', async () => {
    const ask = setUp();
    const photo = Buffer.from([0, 13, 10, 45, 45, 255, 254, 10]);
    for (const request of ['{"a":1}', Buffer.from('{"a":1}')]) {
      const { status, body } = await ask('/files', form({ request, photo, 'ünï "x"': Buffer.from('y') }));
      assert.equal(status, 200);
      assert.deepEqual(
        [body.json, body.files],
        [
          { a: 1 },
          [
            ['photo', sha256(photo)],
            ['ünï "x"', sha256(Buffer.from('y'))],
          ],
        ],
      );
    }
  });

  it('still takes plain JSON, up to its own limit', async () => {
    const ask = setUp();
    const json = { 'Content-Type': 'application/json' };
    assert.deepEqual((await ask('/files', '{"a":1}', json)).body.files, []);
    assert.equal((await ask('/files', `${' '.repeat(2_900_000)}{"a":1}`, json)).status, 200);
    assert.equal((await ask('/files', `${' '.repeat(3_000_000)}{"a":1}`, json)).status, 413);
    assert.equal((await ask('/files', form({ request: '{"a":1}', big: Buffer.alloc(3_000_000) }))).status, 413);
    assert.equal((await ask('/json', `${' '.repeat(2_000_000)}{"a":1}`, json)).status, 413);
  });

  it('says what is wrong with parts', async () => {
    const ask = setUp();
    const twice = form({ request: '{"a":1}', x: Buffer.from('1') });
    twice.append('x', new Blob(['2']), 'f');
    const many = form({ request: '{"a":1}' });
    for (let n = 0; n <= MOST_FILES; n++) many.append(`p${n}`, new Blob(['x']), 'f');
    const cases: [FormData, number, RegExp][] = [
      [form({ x: Buffer.from('1') }), 400, /"request".* is missing/],
      [form({ request: '{' }), 400, /The part "request" is not JSON/],
      [twice, 400, /"x" is there twice/],
      [form({ request: '{"a":1}', x: 'text' }), 400, /"x" is no file/],
      [many, 413, /more than 100 files/],
    ];
    for (const [sent, status, detail] of cases) {
      const { status: got, body } = await ask('/files', sent);
      assert.equal(got, status, String(detail));
      assert.match(body.detail, detail);
    }
    assert.equal((await ask('/files', form({ request: '{"b":1}' }))).body.errors[0].pointer, '/a');
    assert.equal((await ask('/json', form({ request: '{"a":1}' }))).status, 415);
  });

  it('takes the most files that it says it takes', async () => {
    const made = form({ request: '{"a":1}' });
    for (let n = 0; n < MOST_FILES; n++) made.append(`p${n}`, new Blob(['x']), 'f');
    assert.equal((await setUp()('/files', made)).body.files.length, MOST_FILES);
  });

  it('refuses a body that is cut off, or has no boundary', async () => {
    const ask = setUp();
    const whole = '--B\r\nContent-Disposition: form-data; name="request"\r\n\r\n{"a":1}\r\n--B--\r\n';
    const type = { 'Content-Type': 'multipart/form-data; boundary=B' };
    assert.equal((await ask('/files', whole, type)).status, 200);
    for (let length = 0; length < whole.length - '--\r\n'.length; length++)
      assert.equal((await ask('/files', whole.slice(0, length), type)).status, 400, whole.slice(0, length));
    assert.equal((await ask('/files', whole, { 'Content-Type': 'multipart/form-data' })).status, 400);
  });

  it('is the same request again whatever the boundary and the order of the parts, and another with another byte', async () => {
    const ask = setUp();
    const key = { 'Idempotency-Key': 'k' };
    const photo = Buffer.from('photo');
    const first = await ask('/files', form({ request: '{"a":1}', photo, other: Buffer.from('o') }), key);
    const again = await ask('/files', form({ other: Buffer.from('o'), photo, request: '{"a":1}' }), key);
    assert.deepEqual([again.status, again.body], [200, first.body]);
    const changed = await ask(
      '/files',
      form({ request: '{"a":1}', photo: Buffer.from('phot0'), other: Buffer.from('o') }),
      key,
    );
    assert.deepEqual([changed.status, changed.body.code], [422, 'idempotency_key_reused']);
  });
});

it('counts the parts by the boundary by which they are parsed, however it is written', async () => {
  const part = '--B\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n\r\n';
  const body = Buffer.from(`${part.repeat(MOST_FILES + 2)}--B--\r\n`);
  for (const [written, code] of [
    ['boundary=B', 'too_large'],
    ['charset=utf-8; boundary="B"; x=y', 'too_large'],
    ['x="; boundary=A"; boundary=B', 'bad_request'],
    ['boundary="\\B"', 'bad_request'],
    ['boundary=A; boundary=B', 'bad_request'],
  ] as const)
    await assert.rejects(parseMultipart(body, `multipart/form-data; ${written}`), { code }, written);
});

it('has one canonical form for each set of parts, and another for every other', async () => {
  const part = fc.tuple(fc.string({ minLength: 1, unit: 'grapheme-ascii' }), fc.uint8Array({ maxLength: 20 }));
  const sets = fc
    .uniqueArray(part, { maxLength: 4, selector: ([name]) => name })
    .map((all) => all.filter(([name]) => name !== 'request'));
  const canonical = async (parts: [string, Uint8Array][]) => {
    const response = new Response(form({ ...Object.fromEntries(parts), request: '1' }));
    const { canonical: made, files } = await parseMultipart(
      await response.bytes(),
      response.headers.get('Content-Type') ?? '',
    );
    for (const [name, bytes] of parts) assert.deepEqual(Buffer.from(files.get(name) ?? []), Buffer.from(bytes));
    return Buffer.from(made).toString();
  };
  await fc.assert(
    fc.asyncProperty(sets, sets, async (one, other) => {
      assert.equal(await canonical(one), await canonical(one.toReversed()));
      const key = (parts: [string, Uint8Array][]) =>
        JSON.stringify(
          parts.map(([name, bytes]) => JSON.stringify([name, [...bytes]])).sort((a, b) => (a < b ? -1 : 1)),
        );
      assert.equal((await canonical(one)) === (await canonical(other)), key(one) === key(other));
    }),
    { numRuns: 60 },
  );
});
