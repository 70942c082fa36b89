import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, createServer, get, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { it } from 'node:test';
import { drainServer, listen } from './listen.ts';

it('answers what a busy keep-alive connection is about to send, and tells it to close', async () => {
  const server = createServer((_request, response) => response.end());
  const port = await listen(server, '127.0.0.1', 0);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ask = async () => {
    const asking = get({ port, host: '127.0.0.1', agent });
    const [response] = (await once(asking, 'response')) as [IncomingMessage];
    await once(response.resume(), 'end');
    return { reused: asking.reusedSocket, connection: response.headers.connection };
  };
  assert.deepEqual(await ask(), { reused: false, connection: 'keep-alive' });
  const drained = drainServer(server, 5_000);
  assert.deepEqual(await ask(), { reused: true, connection: 'close' });
  assert.equal(await drained, true);
  await assert.rejects(ask(), /ECONNREFUSED/);
  agent.destroy();
});

it('cuts off what does not end in time', async () => {
  const server = createServer(() => {});
  const port = await listen(server, '127.0.0.1', 0);
  const asking = get({ port, host: '127.0.0.1', agent: false });
  const failed = once(asking, 'error');
  await once(server, 'request');
  assert.equal(await drainServer(server, 200), false);
  assert.match(String((await failed)[0]), /socket hang up|ECONNRESET/);
});

it('refuses what is no HTTP request with an answer that no cache keeps', async () => {
  const server = createServer((_request, response) => response.end());
  const port = await listen(server, '127.0.0.1', 0);
  for (const [sent, status] of [
    ['GET / HTTP/1.1\r\nno header\r\n\r\n', '400 Bad Request'],
    [`GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, '431 Request Header Fields Too Large'],
  ] as const) {
    const socket = connect(port, '127.0.0.1');
    socket.end(sent);
    assert.match(await text(socket), new RegExp(`^HTTP/1.1 ${status}\r\n.*Cache-Control: no-store\r\n`, 's'));
  }
  assert.equal(await drainServer(server, 5_000), true);
});
