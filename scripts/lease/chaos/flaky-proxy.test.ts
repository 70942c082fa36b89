import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { guardAgainstLeaks } from '#shared/testing/leak-guard.ts';
import { openFlakyProxy } from './flaky-proxy.ts';

guardAgainstLeaks();

/** A server that says back what it hears and keeps it, a proxy before it, and a client. */
async function begin(t: TestContext) {
  const heard: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      heard.push(String(chunk));
      socket.write(`${chunk}!`);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const proxy = await openFlakyProxy(`127.0.0.1:${(server.address() as { port: number }).port}`);
  const client = await connected(proxy.address);
  t.after(async () => {
    client.destroy();
    await proxy.close();
    for (const socket of sockets) socket.destroy();
    server.close();
    await once(server, 'close');
  });
  return { heard, proxy, client };
}

function opened(address: string): Socket {
  const { hostname, port } = new URL(`http://${address}`);
  return connect(Number(port), hostname).on('error', () => {});
}

async function connected(address: string): Promise<Socket> {
  const socket = opened(address);
  await once(socket, 'connect');
  return socket;
}

/** By whatever: `once` of node:events would take a reset for a failure of the test. */
const closed = (socket: Socket) => new Promise<void>((resolve) => void socket.once('close', () => resolve()));

const answer = async (client: Socket) => String((await once(client, 'data'))[0]);

test('passes everything on while there is no trouble', { timeout: 10_000 }, async (t) => {
  const { client, heard } = await begin(t);
  client.write('a');
  assert.equal(await answer(client), 'a!');
  assert.deepEqual(heard, ['a']);
});

test('loses an answer after the server has done what it was asked', { timeout: 10_000 }, async (t) => {
  const { proxy, client, heard } = await begin(t);
  const trouble = proxy.trouble('lose answers', 200);
  client.write('a');
  let answered = false;
  client.once('data', () => {
    answered = true;
  });
  await closed(client);
  assert.deepEqual([await trouble, heard, answered], [1, ['a'], false]);
});

test('loses a request before the server hears of it', { timeout: 10_000 }, async (t) => {
  const { proxy, client, heard } = await begin(t);
  const trouble = proxy.trouble('lose requests', 200);
  client.write('a');
  await closed(client);
  assert.deepEqual([await trouble, heard], [1, []]);
});

test('stalls, and then delivers everything in order', { timeout: 10_000 }, async (t) => {
  const { proxy, client, heard } = await begin(t);
  const trouble = proxy.trouble('stall', 200);
  client.write('a');
  assert.equal(await trouble, 1);
  assert.equal(await answer(client), 'a!');
  assert.deepEqual(heard, ['a']);
});

test('delivers requests late, while answers come through', { timeout: 10_000 }, async (t) => {
  const { proxy, client } = await begin(t);
  let over = false;
  const trouble = proxy.trouble('delay requests', 200).then((suffered) => {
    over = true;
    return suffered;
  });
  client.write('a');
  assert.equal(await answer(client), 'a!');
  assert.deepEqual([over, await trouble], [true, 1]);
});

test('drops what is open, refuses what is new, and serves again afterwards', { timeout: 10_000 }, async (t) => {
  const { proxy, client } = await begin(t);
  const trouble = proxy.trouble('drop', 300);
  await closed(client);
  await closed(opened(proxy.address));
  assert.equal(await trouble, 2);
  const next = await connected(proxy.address);
  next.write('b');
  assert.equal(await answer(next), 'b!');
  next.destroy();
});

test('counts nobody where nothing was sent', { timeout: 10_000 }, async (t) => {
  const { proxy, client } = await begin(t);
  assert.equal(await proxy.trouble('lose answers', 20), 0);
  client.write('a');
  assert.equal(await answer(client), 'a!');
});
