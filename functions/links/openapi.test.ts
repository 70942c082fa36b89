import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createTestApp } from './testing.ts';

interface Operation {
  operationId: string;
  summary: string;
  parameters: { name: string; in: string; required: boolean; schema: object }[];
  requestBody?: { required: boolean; content: Record<string, { schema: object }> };
  responses: Record<string, { description: string; content?: Record<string, { schema: object }> }>;
  security?: object[];
}

async function document() {
  const { ask } = await createTestApp();
  const { status, body } = await ask('GET /openapi.json', undefined, { Authorization: '' });
  assert.equal(status, 200);
  const paths = body.paths as Record<string, Record<string, Operation>>;
  const operations = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ path, method, ...operation })),
  );
  return { body, operations };
}

/** Every object in a JSON value, with the pointer to it. */
function* objects(value: unknown, pointer = ''): Generator<[string, Record<string, unknown>]> {
  if (typeof value !== 'object' || value === null) return;
  yield [pointer, value as Record<string, unknown>];
  for (const [name, child] of Object.entries(value)) yield* objects(child, `${pointer}/${name}`);
}

describe('/openapi.json', () => {
  it('is open to anyone and says where it is served', async () => {
    const { body } = await document();
    assert.equal(body.openapi, '3.1.0');
    assert.ok(body.info.title && body.info.version);
    assert.deepEqual(body.servers, [{ url: '/links' }]);
    const alone = await (await createTestApp({ prefix: '' })).ask('GET /openapi.json');
    assert.deepEqual(alone.body.servers, [{ url: '/' }]);
  });

  it('describes every route, each under an id of its own', async () => {
    const { operations } = await document();
    const lines = operations.map(({ method, path }) => `${method.toUpperCase()} ${path}`);
    for (const line of [
      'GET /v1/domains',
      'PUT /v1/domains/{host}',
      'GET /v1/domains/{host}',
      'DELETE /v1/domains/{host}',
      'POST /v1/domains/{host}/links',
      'GET /v1/domains/{host}/links',
      'PUT /v1/domains/{host}/links/{slug}',
      'PATCH /v1/domains/{host}/links/{slug}',
      'GET /v1/domains/{host}/links/{slug}',
      'DELETE /v1/domains/{host}/links/{slug}',
      'GET /v1/domains/{host}/links/{slug}/stats',
      'GET /v1/resolve',
      'POST /v1/domains/{host}/import',
      'GET /v1/domains/{host}/export',
      'GET /v1/keys',
      'POST /v1/keys',
      'DELETE /v1/keys/{id}',
    ])
      assert.ok(lines.includes(line), line);
    assert.equal(new Set(operations.map(({ operationId }) => operationId)).size, operations.length);
    assert.ok(operations.every(({ summary }) => summary !== ''));
  });

  it('has every parameter of a path, required, and no parameter twice', async () => {
    const { operations } = await document();
    for (const { path, parameters } of operations) {
      const inPath = parameters.filter((parameter) => parameter.in === 'path');
      assert.deepEqual(
        inPath.map(({ name }) => `{${name}}`),
        path.match(/\{\w+\}/g) ?? [],
        path,
      );
      assert.ok(inPath.every(({ required }) => required));
      const names = parameters.map((parameter) => `${parameter.in} ${parameter.name}`);
      assert.equal(new Set(names).size, names.length, path);
    }
  });

  it('names the conditions that are looked at, and the 412 or 304 they may end in', async () => {
    const { operations } = await document();
    const conditional = (name: string) =>
      operations.filter(({ parameters }) => parameters.some((parameter) => parameter.name === name));
    assert.deepEqual(
      conditional('If-None-Match').map(({ operationId }) => operationId),
      ['putDomain', 'putLink', 'getLink'],
    );
    for (const { operationId, method, responses } of [...conditional('If-Match'), ...conditional('If-None-Match')])
      assert.ok(responses[method === 'get' ? '304' : '412'], operationId);
  });

  it('resolves every reference and leaves nothing of JSON Schema dialects behind', async () => {
    const { body } = await document();
    for (const [pointer, object] of objects(body)) {
      const { $ref } = object;
      if (typeof $ref === 'string') {
        const found = $ref
          .slice(2)
          .split('/')
          .reduce((value, name) => value?.[name], body);
        assert.ok(found, `${pointer}: ${$ref}`);
      }
      for (const name of ['$schema', '$defs', 'id'])
        assert.ok(typeof object[name] !== 'string' && !(name === '$defs' && object[name]), `${pointer}/${name}`);
    }
  });

  it('says which bodies are closed, and leaves answers open to new fields', async () => {
    const { body, operations } = await document();
    assert.equal(body.components.schemas.NewLink.additionalProperties, false);
    assert.equal(body.components.schemas.Link.additionalProperties, undefined);
    const required = Object.fromEntries(
      operations.map(({ operationId, requestBody }) => [operationId, requestBody?.required]),
    );
    assert.deepEqual([required['putDomain'], required['createLink'], required['getLink']], [false, true, undefined]);
  });

  it('asks for a bearer token and shows errors as problems', async () => {
    const { body, operations } = await document();
    assert.deepEqual(body.security, [{ bearer: [] }]);
    assert.equal(body.components.securitySchemes.bearer.scheme, 'bearer');
    for (const { operationId, responses } of operations) {
      for (const [status, { description, content }] of Object.entries(responses)) {
        assert.match(status, /^[2-5]\d\d$/);
        assert.ok(description);
        if (Number(status) >= 400)
          assert.deepEqual(
            content?.['application/problem+json']?.schema,
            { $ref: '#/components/schemas/Problem' },
            operationId,
          );
      }
      for (const status of ['401', '403', '500', '503']) assert.ok(responses[status], `${operationId} ${status}`);
    }
  });
});
