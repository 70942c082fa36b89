import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { createFakeClock } from '../testing/fake-clock.ts';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import { ask } from './ask.ts';
import { NoAnswer, type Trouble } from './attempt.ts';
import { serve } from './rig.ts';

guardAgainstLeaks();

const CALL = { upstream: 'slides', operation: 'presentation' } as const;
const bounds = { ms: 20_000, bytes: 1_000, signal: new AbortController().signal };
const is = (trouble: Trouble) => (error: unknown) => {
  assert.ok(error instanceof NoAnswer);
  assert.equal(error.trouble, trouble);
  assert.equal(error.cause, undefined);
  assert.doesNotMatch(error.message, /127\.0\.0\.1|secret/);
  return true;
};

describe('one request to Google', () => {
  it('answers with any status, and with the body of 2xx up to its limit', async () => {
    await using served = await serve((_, response) => response.writeHead(201, { a: 'b' }).end('x'.repeat(1_000)));
    const { status, headers, bytes } = await ask(served, bounds, createFakeClock(), CALL);
    assert.deepEqual([status, headers.get('a'), bytes.length], [201, 'b', 1_000]);
  });

  it('is too large by what comes of it, and by what is unpacked', async () => {
    const packed = gzipSync('x'.repeat(10_000_000));
    await using plain = await serve((_, response) => response.end('x'.repeat(1_001)));
    await using zipped = await serve((_, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(packed),
    );
    await using endless = await serve((_, response) => {
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      };
      response.on('drain', more);
      more();
    });
    for (const { url } of [plain, zipped, endless])
      await assert.rejects(ask({ url }, bounds, createFakeClock(), CALL), is('too large'));
  });

  it('is no more than its status where a refusal is endless or breaks off', async () => {
    await using endless = await serve((_, response) => {
      response.writeHead(500);
      const more = () => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      };
      response.on('drain', more);
      more();
    });
    await using broken = await serve((_, response) => {
      response.writeHead(503, { 'content-length': '100' }).write('half', () => response.destroy());
    });
    const [first, second] = await Promise.all([
      ask(endless, bounds, createFakeClock(), CALL),
      ask(broken, bounds, createFakeClock(), CALL),
    ]);
    assert.deepEqual([first.status, first.bytes.length], [500, 0]);
    assert.deepEqual([second.status, second.bytes.length], [503, 0]);
  });

  it('does not go where a redirect leads', async () => {
    let asked = 0;
    await using elsewhere = await serve((_, response) => {
      asked++;
      response.end();
    });
    await using served = await serve((_, response) => response.writeHead(307, { location: elsewhere.url }).end());
    assert.equal((await ask(served, bounds, createFakeClock(), CALL)).status, 307);
    assert.equal(asked, 0);
  });

  for (const [when, listener] of [
    ['before the head', () => undefined],
    ['within the body', (_, response) => response.writeHead(200).write('half')],
  ] as [string, RequestListener][]) {
    it(`is late after its time, and without time when the caller's is up, ${when}`, async () => {
      const clock = createFakeClock();
      await using served = await serve(listener);
      const late = assert.rejects(ask(served, bounds, clock, CALL), is('late'));
      await once(served.server, 'request');
      await clock.advance(19_999);
      await clock.advance(1);
      await late;
      const impatient = new AbortController();
      const given = assert.rejects(ask(served, { ...bounds, signal: impatient.signal }, clock, CALL), is('no time'));
      await once(served.server, 'request');
      impatient.abort();
      await given;
      assert.equal(clock.sleepers, 0);
    });
  }

  it('is not made where the time was up before', async () => {
    let asked = 0;
    await using served = await serve(() => asked++);
    await assert.rejects(
      ask(served, { ...bounds, signal: AbortSignal.abort() }, createFakeClock(), CALL),
      is('no time'),
    );
    assert.equal(asked, 0);
  });

  it('tells a connection that was never made from one that was lost', async () => {
    await using served = await serve((request) => request.socket.destroy());
    await assert.rejects(ask(served, bounds, createFakeClock(), CALL), is('lost'));
    const closed = createTcpServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const { port } = closed.address() as AddressInfo;
    closed.close();
    await once(closed, 'close');
    await assert.rejects(
      ask({ url: `http://127.0.0.1:${port}/secret` }, bounds, createFakeClock(), CALL),
      is('not connected'),
    );
  });
});
