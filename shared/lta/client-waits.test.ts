import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { test } from 'node:test';
import { createFakeClock } from '../testing/fake-clock.ts';
import { startFakeLta } from '../testing/fake-lta.ts';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import { createLtaClient } from './client.ts';
import { LtaError, type LtaTrouble } from './lta.ts';

guardAgainstLeaks();

async function start() {
  const lta = await startFakeLta();
  const clock = createFakeClock();
  const client = createLtaClient({ baseUrl: lta.url, key: lta.key, clock });
  return { lta, clock, client, [Symbol.asyncDispose]: lta.close };
}

const is = (trouble: LtaTrouble) => (error: unknown) => error instanceof LtaError && error.trouble === trouble;

/** Whether a promise is settled by now. */
async function settled(promise: Promise<unknown>): Promise<boolean> {
  await new Promise(setImmediate);
  const pending = Symbol();
  return (await Promise.race([promise.catch(() => {}), Promise.resolve(pending)])) !== pending;
}

/** Resolves when fetch has the head of the next answer. */
function nextHead(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const onHead = () => {
    unsubscribe('undici:request:headers', onHead);
    resolve();
  };
  subscribe('undici:request:headers', onHead);
  return promise;
}

const asks = {
  arrivals: { limit: 4_000, ask: ({ client }) => client.arrivals('83139') },
  'a page': { limit: 15_000, ask: ({ client }) => client.page('BusStops', 0) },
} satisfies Record<string, { limit: number; ask: (rig: Rig) => Promise<unknown> }>;
type Rig = Awaited<ReturnType<typeof start>>;

for (const [what, { limit, ask }] of Object.entries(asks)) {
  test(`${what} may take ${limit} ms until the head of the answer`, async () => {
    await using rig = await start();
    rig.lta.fail({ kind: 'stall headers' });
    const attempt = ask(rig);
    await rig.lta.called(1);
    await rig.clock.advance(limit - 1);
    assert.equal(await settled(attempt), false);
    await rig.clock.advance(1);
    await assert.rejects(attempt, is('timeout'));
    assert.equal(rig.lta.calls.length, 1);
  });

  test(`${what} may take ${limit} ms altogether, however busily the body trickles`, async () => {
    await using rig = await start();
    rig.lta.fail({ kind: 'stall body' });
    const head = nextHead();
    const attempt = ask(rig);
    await head;
    await rig.clock.advance(limit - 1);
    assert.equal(await settled(attempt), false);
    await rig.clock.advance(1);
    await assert.rejects(attempt, is('timeout'));
    assert.equal(rig.clock.sleepers, 0);
  });
}

test('an answer that is late and in time is an answer', async () => {
  await using rig = await start();
  const release = rig.lta.hold();
  const attempt = rig.client.arrivals('83139');
  await rig.lta.called(1);
  await rig.clock.advance(3_999);
  release();
  assert.deepEqual(await attempt, []);
  rig.lta.fail({ kind: 'delay', ms: 1 });
  assert.deepEqual(await rig.client.arrivals('83139'), []);
});

test('whoever has aborted already asks nothing', async () => {
  await using rig = await start();
  const reason = new Error('gone');
  await assert.rejects(rig.client.arrivals('83139', AbortSignal.abort(reason)), (error) => error === reason);
  assert.equal(rig.lta.calls.length, 0);
  assert.equal(rig.clock.sleepers, 0);
});

for (const kind of ['stall headers', 'stall body'] as const)
  test(`an abort ends a request (${kind}) with the reason of the caller, not as a timeout`, async () => {
    await using rig = await start();
    rig.lta.fail({ kind });
    const caller = new AbortController();
    const underWay = kind === 'stall body' ? nextHead() : rig.lta.called(1);
    const attempt = rig.client.arrivals('83139', caller.signal);
    await underWay;
    const reason = new Error('gone');
    caller.abort(reason);
    await assert.rejects(attempt, (error) => error === reason);
    assert.equal(rig.clock.sleepers, 0);
  });

test('an abort of no kind of error is passed on as it is', async () => {
  await using rig = await start();
  rig.lta.fail({ kind: 'stall headers' });
  const caller = new AbortController();
  const attempt = rig.client.arrivals('83139', caller.signal);
  await rig.lta.called(1);
  caller.abort('enough');
  assert.equal(await attempt.catch((reason: unknown) => reason), 'enough');
});

/** A port that nobody listens on. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Runs `onRefused` whenever a connection to the port could not be made. */
async function watchRefusals<T>(port: number, onRefused: () => void, work: () => Promise<T>): Promise<T> {
  const onError = (event: unknown) => {
    if (Number((event as { connectParams: { port: string } }).connectParams.port) === port) onRefused();
  };
  subscribe('undici:client:connectError', onError);
  try {
    return await work();
  } finally {
    unsubscribe('undici:client:connectError', onError);
  }
}

test('a connection that is refused is tried once more, and then unreachable', async () => {
  const port = await freePort();
  const clock = createFakeClock();
  const client = createLtaClient({ baseUrl: `http://127.0.0.1:${port}`, key: 'some-key', clock });
  let refused = 0;
  const error = await watchRefusals(
    port,
    () => refused++,
    () => client.arrivals('83139').catch((reason: LtaError) => reason),
  );
  assert.ok(error instanceof LtaError);
  assert.deepEqual([error.trouble, error.message], ['unreachable', 'LTA cannot be reached (ECONNREFUSED)']);
  assert.equal(error.cause, undefined);
  assert.equal(refused, 2);
  assert.equal(clock.sleepers, 0);
});

test('the second attempt may succeed', async () => {
  const port = await freePort();
  const client = createLtaClient({ baseUrl: `http://127.0.0.1:${port}`, key: 'some-key', clock: createFakeClock() });
  const server = createServer(answerWith('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{"Services":[]}'));
  // Without a host it listens at once, not after a look at names.
  const listen = () => void (server.listening || server.listen(port));
  assert.deepEqual(await watchRefusals(port, listen, () => client.arrivals('83139')), []);
  await new Promise((resolve) => server.close(resolve));
});

for (const head of ['500 No', '200 OK\r\nContent-Length: 9000000', '200 OK\r\nTransfer-Encoding: chunked'])
  test(`an answer that is not read to its end has its connection ended (${JSON.stringify(head)})`, async () => {
    const closed = Promise.withResolvers<void>();
    const server = createServer((socket) => {
      socket.on('error', () => {}).once('close', closed.resolve);
      // Two mebibytes in one chunk, and no end.
      socket.once('data', () => socket.write(`HTTP/1.1 ${head}\r\n\r\n200000\r\n${'x'.repeat(2_097_152)}`));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const baseUrl = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
    const client = createLtaClient({ baseUrl, key: 'some-key', clock: createFakeClock() });
    await assert.rejects(client.arrivals('83139'), LtaError);
    await closed.promise;
    await new Promise((resolve) => server.close(resolve));
  });

test('what is not HTTP is a bad body, asked for once', async () => {
  let asked = 0;
  const server = createServer(answerWith('220 mail.example ESMTP\r\n', () => asked++)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const baseUrl = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  const client = createLtaClient({ baseUrl, key: 'some-key', clock: createFakeClock() });
  await assert.rejects(client.arrivals('83139'), is('bad_body'));
  assert.equal(asked, 1);
  await new Promise((resolve) => server.close(resolve));
});

/** Says `bytes` to whoever says something, and ends. */
function answerWith(bytes: string, onAsked = () => {}): (socket: Socket) => void {
  return (socket) => {
    socket.on('error', () => {});
    socket.once('data', () => {
      onAsked();
      socket.end(bytes);
    });
  };
}
