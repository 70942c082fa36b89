/** What is told of what a collector says beside its status, and of what answers in a collector's place. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { describe, it, type TestContext } from 'node:test';
import { loadConfig } from '../config.ts';
import { createFakeClock, through } from '../testing/fake-clock.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import { collectorOf } from './collector.ts';
import { createCollectorTroubles } from './collector-troubles.ts';
import { createPost } from './otlp-post.ts';
import { createOtlpSender } from './otlp-sender.ts';
import { decodeRefused } from './otlp-traces-client.ts';
import { forgetSecrets, keepSecret } from './redact.ts';

guardAgainstLeaks();

const ids = { unique: () => 'x', code: () => 'x', secret: () => 'x', random: () => 0.5 };

interface Reply {
  status: number;
  type?: string;
  body?: string | Uint8Array;
}

/** A server that answers every request as it was last told to. */
async function rig(t: TestContext, first: Reply) {
  const state = { reply: first, asked: 0 };
  const server = createServer((request, response) => {
    request.resume();
    state.asked++;
    const { status, type, body } = state.reply;
    response.writeHead(status, type === undefined ? {} : { 'content-type': type }).end(body);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  const url = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
  const clock = createFakeClock();
  const log = createKeptLog();
  const config = loadConfig({ OTEL_EXPORTER_OTLP_ENDPOINT: url });
  const troubles = createCollectorTroubles('traces', url, { log, clock });
  const post = createPost(collectorOf(config), config, { log, clock, ids });
  const sender = createOtlpSender({ signal: 'traces', post, decodeRefused, troubles, clock, ids });
  const send = (count = 1) =>
    through(clock, sender.send(new Uint8Array(), count, 20_000, new AbortController().signal));
  return { state, clock, log, send, reasons: () => log.lines.map(({ reason }) => reason) };
}

describe('an answer of 2xx', () => {
  for (const type of ['text/html; charset=utf-8', 'text/plain'])
    it(`that is ${type} is told, once until a collector answers, once a minute at most, and nothing is sent again`, async (t) => {
      const { state, clock, log, send, reasons } = await rig(t, { status: 200, type, body: '<h1>Log in</h1>' });
      for (let i = 0; i < 3; i++) assert.ok(await send());
      assert.equal(state.asked, 3);
      assert.deepEqual(reasons(), [`answers as no collector does: ${type.split(';')[0]}`]);
      assert.equal(log.lines[0]?.['severity'], 'WARNING');
      const odd = state.reply;
      for (const reply of [{ status: 200 }, odd]) {
        state.reply = reply;
        await send();
      }
      assert.equal(log.lines.length, 1);
      await clock.advance(60_000);
      await send();
      assert.equal(log.lines.length, 2);
    });

  it('does not say that a collector is back where it is none’s', async (t) => {
    const { state, log, send } = await rig(t, { status: 400 });
    await send(4);
    state.reply = { status: 200, type: 'text/html', body: 'x' };
    await send();
    assert.ok(!log.lines.some(({ message }) => message === 'traces are sent again'));
    state.reply = { status: 200 };
    await send();
    assert.deepEqual([log.lines.at(-1)?.['message'], log.lines.at(-1)?.['lost']], ['traces are sent again', 4]);
  });

  it('that is empty, JSON or protobuf is nothing to tell', async (t) => {
    const { state, log, send } = await rig(t, { status: 200, type: 'text/html' });
    const replies: Reply[] = [
      { status: 200, type: 'text/html' },
      { status: 204 },
      { status: 202, type: 'application/json', body: '{}' },
      { status: 200, type: 'application/x-protobuf', body: Buffer.from([]) },
      { status: 200, body: 'ok' },
    ];
    for (const reply of replies) {
      state.reply = reply;
      assert.ok(await send());
    }
    assert.deepEqual(log.lines, []);
  });
});

describe('a refusal', () => {
  const status = Buffer.concat([Buffer.from([0x08, 0x03, 0x12, 11]), Buffer.from('no such key')]);
  const replies: [string, Reply, string][] = [
    ['text', { status: 400, type: 'text/plain', body: '\n\u001b[31mbad\u0000 tenant\nmore' }, ': [31mbad tenant'],
    ['JSON', { status: 400, type: 'application/json', body: '{\n"code": 3, "message": "too old"}' }, ': too old'],
    ['a Status', { status: 400, type: 'application/x-protobuf', body: status }, ': no such key'],
    ['garbage', { status: 400, type: 'application/x-protobuf', body: Buffer.from([0xff, 0xff, 0x12, 0xff]) }, ''],
    ['an image', { status: 400, type: 'image/png', body: 'PNG' }, ''],
    ['a long text', { status: 400, type: 'text/plain', body: 'ab '.repeat(900) }, `: ${'ab '.repeat(39).trimEnd()}...`],
  ];
  for (const [what, reply, said] of replies)
    it(`is told with what it says, cleaned and cut: ${what}`, async (t) => {
      const { send, reasons } = await rig(t, reply);
      assert.equal(await send(), false);
      assert.deepEqual(reasons(), [`it answers 400${said}`]);
    });

  it('is told without secrets', async (t) => {
    keepSecret('hush-hush-hush');
    t.after(forgetSecrets);
    const { send, reasons } = await rig(t, {
      status: 401,
      type: 'text/plain',
      body: 'not hush-hush-hush: Bearer abcdef',
    });
    await send();
    assert.doesNotMatch(String(reasons()[0]), /hush-hush|abcdef/);
    assert.match(String(reasons()[0]), /^it answers 401: not \[redacted\]/);
  });
});

it('losses are told with all that they had as a reason since, not with what was told first', async (t) => {
  const { state, clock, log, send } = await rig(t, { status: 400, body: 'first' });
  await send(1);
  state.reply = { status: 200 };
  await send();
  state.reply = { status: 413, body: 'too large' };
  await send(2);
  await clock.advance(60_000);
  state.reply = { status: 403, body: 'no' };
  await send(4);
  state.reply = { status: 200 };
  await send();
  const ends = log.lines.filter(({ message }) => message === 'traces are sent again');
  assert.deepEqual(
    ends.map(({ lost, reasons }) => [lost, reasons]),
    [
      [1, 'it answers 400: first'],
      [6, 'it answers 413: too large; it answers 403: no'],
    ],
  );
});
