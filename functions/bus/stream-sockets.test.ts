/** Streams over real sockets, from a server as `npm start` has it. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it } from 'node:test';
import { fetchListener } from '#shared/serve/fetch-listener.ts';
import { arrivalBody } from '#shared/testing/fake-lta-replies.ts';
import { guardAgainstLeaks } from '#shared/testing/leak-guard.ts';
import { readEvents } from './event-reader.ts';
import { createTestBus } from './testing.ts';

guardAgainstLeaks();

const STOP = '83139';

async function serveBus() {
  const bus = await createTestBus();
  // A service to another place each time, so that each reply is another board.
  let reply = 0;
  bus.lta.setArrivals(STOP, (now: number) => arrivalBody(STOP, [{ service: String(++reply), etas: [now + 300_000] }]));
  const server = createServer(fetchListener((request) => bus.instance.fetch(request)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    ...bus,
    server,
    async open(headers: Record<string, string> = {}) {
      return readEvents(await fetch(`http://127.0.0.1:${port}/v2/stops/${STOP}/stream`, { headers }));
    },
    /** Until the server has seen that its clients have gone. */
    async quiet() {
      while (bus.clock.sleepers > 0) await new Promise(setImmediate);
    },
    async [Symbol.asyncDispose]() {
      await bus[Symbol.asyncDispose]();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

describe('streams over sockets', () => {
  it('tell 50 listeners the same from one call of LTA each time', async () => {
    await using bus = await serveBus();
    const listeners = await Promise.all(Array.from({ length: 50 }, () => bus.open()));
    for (const events of listeners) assert.equal((await events.next())?.event, 'reset');
    for (let round = 2; round <= 4; round++) {
      await bus.clock.advance(20_000);
      const told = await Promise.all(listeners.map((events) => events.next()));
      for (const update of told) {
        assert.deepEqual(update?.data.order, [told[0]?.data.order[0]]);
        assert.equal(update?.data.changed[0].service, String(round));
      }
      assert.equal(bus.lta.calls.length, round);
    }
    await Promise.all(listeners.slice(0, 49).map((events) => events.close()));
    await bus.clock.advance(20_000);
    assert.equal((await listeners[49]?.next())?.event, 'update', 'the others do not end it for the last one');
    await listeners[49]?.close();
    await bus.quiet();
    await bus.clock.advance(60_000);
    assert.equal(bus.lta.calls.length, 5, 'nobody is left to ask for');
  });

  it('go on after a connection has broken', async () => {
    await using bus = await serveBus();
    const events = await bus.open();
    await events.next();
    bus.server.closeAllConnections();
    await assert.rejects(async () => {
      while (await events.next());
    });
    await bus.quiet();
    await bus.clock.advance(20_000);
    const again = await bus.open({ 'Last-Event-ID': events.lastId() });
    const update = await again.next();
    assert.equal(update?.event, 'update');
    assert.deepEqual(update?.data.removed.length, 1);
    await again.close();
    await bus.quiet();
  });

  it('end when the process has to go, so that the server can close', async () => {
    await using bus = await serveBus();
    const events = await bus.open();
    await events.next();
    const closed = once(bus.server, 'close');
    bus.server.close();
    bus.instance.endStreams?.();
    assert.equal((await events.next())?.event, 'end');
    assert.equal(await events.next(), undefined);
    bus.server.closeIdleConnections();
    await closed;
    bus.server.listen(0, '127.0.0.1');
    await once(bus.server, 'listening');
  });
});
