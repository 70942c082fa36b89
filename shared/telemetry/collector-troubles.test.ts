/** What is told of a collector, by whoever sends to it, from its first silence on. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import { describe, it } from 'node:test';
import { loadConfig } from '../config.ts';
import { createFakeClock, through } from '../testing/fake-clock.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import { startOtlpReceiver } from '../testing/otlp-receiver.ts';
import { collectorOf, type Signal } from './collector.ts';
import { createCollectorTroubles } from './collector-troubles.ts';
import { createPost } from './otlp-post.ts';
import { createOtlpSender } from './otlp-sender.ts';
import { decodeRefused } from './otlp-traces-client.ts';

guardAgainstLeaks();

const ids = { unique: () => 'x', code: () => 'x', secret: () => 'x', random: () => 0.5 };

function rigFor(endpoint: string, signal: Signal = 'traces') {
  const clock = createFakeClock();
  const log = createKeptLog();
  const config = loadConfig({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint });
  const collector = collectorOf(config);
  const troubles = createCollectorTroubles(signal, collector.addressOf(signal), { log, clock });
  const post = createPost(collector, config, { log, clock, ids });
  const sender = createOtlpSender({ signal, post, decodeRefused, troubles, clock, ids });
  const over = new AbortController();
  const told = async () => {
    const deadline = performance.now() + 10_000;
    while (log.lines.length === 0 && performance.now() < deadline) await new Promise(setImmediate);
    return log.lines[0] ?? assert.fail('nothing was told');
  };
  return { clock, log, over, told, send: (count = 1) => sender.send(new Uint8Array(), count, 20_000, over.signal) };
}

describe('of a collector', () => {
  it('that is not there is told with the first attempt, once, and with the address that was asked', async () => {
    const gone = await startOtlpReceiver();
    await gone[Symbol.asyncDispose]();
    const { clock, log, told, send } = rigFor(`${gone.url}/of/a/tenant`);
    const sent = send();
    const { severity, message, collector, reason } = await told();
    assert.equal(clock.mono(), 0, 'no time has gone by');
    assert.deepEqual([severity, message], ['WARNING', 'traces cannot be sent']);
    assert.deepEqual([collector, reason], [`${gone.url}/of/a/tenant/v1/traces`, 'cannot be reached (ECONNREFUSED)']);
    assert.equal(await through(clock, sent), false);
    assert.equal(log.lines.length, 1);
  });

  it('that breaks off every connection is told with the first attempt as well', async () => {
    const server = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const { clock, over, told, send } = rigFor(`http://127.0.0.1:${port}`);
    const sent = send();
    assert.match(String((await told())['reason']), /^broke the connection off/);
    assert.equal(clock.mono(), 0);
    over.abort();
    assert.equal(await sent, false);
    server.close();
    await once(server, 'close');
  });

  it('that has taken something, a connection that breaks once is nothing to tell', async () => {
    let asked = 0;
    const server = createHttpServer((request, response) => {
      asked++;
      if (asked === 2) request.socket.destroy();
      else response.end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { clock, log, send } = rigFor(`http://127.0.0.1:${(server.address() as { port: number }).port}`);
    assert.ok(await send());
    assert.ok(await through(clock, send()));
    assert.equal(asked, 3);
    assert.deepEqual(log.lines, []);
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });

  it('whose port fetch asks nobody at, that is what is told', async () => {
    const { clock, told, send } = rigFor('http://127.0.0.1:9');
    const sent = send();
    assert.equal((await told())['reason'], 'cannot be reached (bad port: fetch asks nobody there)');
    assert.equal(await through(clock, sent), false);
  });

  it('that says no at a path, the path is told', async () => {
    await using receiver = await startOtlpReceiver();
    receiver.fail({ kind: 'status', status: 404 });
    const { log, send } = rigFor(`${receiver.url}/otlp`, 'metrics');
    assert.equal(await send(0), false);
    assert.deepEqual(
      log.lines.map(({ message, collector, reason }) => [message, collector, reason]),
      [['metrics cannot be sent', `${receiver.url}/otlp/v1/metrics`, 'it answers 404']],
    );
  });

  it('no loss is told where nothing was lost, such as of metrics, which only grow', async () => {
    await using receiver = await startOtlpReceiver();
    for (const [count, last] of [
      [0, undefined],
      [3, 3],
    ] as const) {
      const { log, send } = rigFor(receiver.url);
      receiver.fail({ kind: 'status', status: 400 });
      assert.equal(await send(count), false);
      receiver.fail(undefined);
      assert.ok(await send());
      assert.deepEqual([log.lines[1]?.['message'], log.lines[1]?.['lost']], ['traces are sent again', last]);
      assert.equal('lost' in (log.lines[1] ?? {}), last !== undefined);
    }
  });
});
