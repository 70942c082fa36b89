import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import test from 'node:test';
import { systemClock } from '../clock.ts';
import { AppError } from '../errors.ts';
import { systemIds } from '../ids.ts';
import { fetchListener } from '../serve/fetch-listener.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import { createApp } from './app.ts';
import { readBody } from './body.ts';

test('a request refused before its body was read gets its answer, and the connection serves the next one', async (t) => {
  const parts = { log: createKeptLog(), clock: systemClock, ids: systemIds };
  const inner = createApp(parts);
  inner.post('/unread', () => {
    throw new AppError('unauthenticated', 'no key');
  });
  inner.post('/limited', async (c) => c.json((await readBody(c.req.raw, 1_000)).byteLength));
  inner.get('/next', (c) => c.text('here'));
  const outer = createApp(parts);
  outer.mount('/mounted', (asked) => inner.fetch(asked));

  for (const [app, prefix] of [
    [inner, ''],
    [outer, '/mounted'],
  ] as const) {
    const server = createServer(fetchListener((asked) => app.fetch(asked)));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    t.after(() => {
      agent.destroy();
      server.close();
      server.closeAllConnections();
    });
    const { port } = server.address() as AddressInfo;
    const ask = async (method: string, path: string, headers = {}, body?: Buffer) => {
      const asking = request({ host: '127.0.0.1', port, method, path: `${prefix}${path}`, headers, agent });
      asking.end(body);
      const [response] = (await once(asking, 'response')) as [IncomingMessage];
      return { status: response.statusCode, body: await text(response), reused: asking.reusedSocket };
    };
    const body = Buffer.alloc(3_000_000, 'a');
    for (const headers of [{ 'Content-Length': body.length }, { 'Transfer-Encoding': 'chunked' }])
      for (const [path, status] of [
        ['/unread', 401],
        ['/limited', 413],
        ['/nowhere', 404],
      ] as const) {
        const where = `${prefix}${path} ${Object.keys(headers)[0]}`;
        assert.equal((await ask('POST', path, headers, body)).status, status, where);
        assert.deepEqual(await ask('GET', '/next'), { status: 200, body: 'here', reused: true }, where);
      }
  }
});
