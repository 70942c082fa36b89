import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { FunctionRow } from '../define.ts';
import { AppError } from '../errors.ts';
import { serveFunction } from './function-server.ts';

const row: FunctionRow = {
  name: 'greeter',
  summary: 'Greets',
  trigger: { type: 'http' },
  ingress: 'all',
  callers: 'anyone',
  serve: 'app',
  store: {},
  publishes: [],
  blobs: 'none',
  google: [],
  memory: 128,
  cpu: 1,
  concurrency: 1,
  timeout: 5,
  retries: 0,
  settings: [],
  secrets: [],
};

test('a handler that could not be opened for one request is opened for the next', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'hawker-function-'));
  process.env['HAWKER_DATA'] = folder;
  let tries = 0;
  const { handler } = serveFunction(row, [], () => {
    if (++tries === 1) throw new AppError('unavailable', 'what it needs does not answer yet: Bearer sesame-1234');
    return { kind: 'http', fetch: () => new Response('hello') };
  });
  const server = createServer(handler).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true });
  });
  const { mock } = t.mock.method(process.stderr, 'write', () => true);
  const ask = async () => {
    const answer = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    return [answer.status, await answer.text()];
  };
  assert.deepEqual(await ask(), [503, 'not ready\n']);
  assert.deepEqual(
    mock.calls.map((call) => call.arguments[0]),
    ['hawker: what it needs does not answer yet: Bearer [redacted]\n'],
  );
  assert.deepEqual(await ask(), [200, 'hello']);
  assert.deepEqual(await ask(), [200, 'hello']);
  assert.equal(tries, 2);
});
