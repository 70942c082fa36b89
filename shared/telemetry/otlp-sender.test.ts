import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadConfig } from '../config.ts';
import { createFakeClock, through } from '../testing/fake-clock.ts';
import { startFakeGoogle } from '../testing/google/start.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import { type OtlpReceiver, startOtlpReceiver } from '../testing/otlp-receiver.ts';
import { collectorOf } from './collector.ts';
import { createCollectorTroubles } from './collector-troubles.ts';
import { createPost } from './otlp-post.ts';
import { createOtlpSender } from './otlp-sender.ts';
import { decodeRefused } from './otlp-traces-client.ts';

guardAgainstLeaks();

const NEVER = new AbortController().signal;
const ids = { unique: () => 'x', code: () => 'x', secret: () => 'x', random: () => 0.5 };
const EMPTY = new Uint8Array();

function rigFor(env: Record<string, string>) {
  const clock = createFakeClock();
  const log = createKeptLog();
  const config = loadConfig(env);
  const collector = collectorOf(config);
  const troubles = createCollectorTroubles('traces', config.OTEL_EXPORTER_OTLP_ENDPOINT ?? '', { log, clock });
  const post = createPost(collector, config, { log, clock, ids });
  const sender = createOtlpSender({ signal: 'traces', post, decodeRefused, troubles, clock, ids });
  const lines = () =>
    log.lines.map(({ severity, message, lost, reason, refused }) => [severity, message, lost ?? refused ?? reason]);
  return { clock, log, sender, lines, send: (count = 1, body = EMPTY) => sender.send(body, count, 20_000, NEVER) };
}

const to = (receiver: OtlpReceiver, headers = '') =>
  rigFor({ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_EXPORTER_OTLP_HEADERS: headers });

describe('what is sent to a collector', () => {
  it('is a request with the headers of the settings, packed where it is large', async () => {
    await using receiver = await startOtlpReceiver();
    const { send, sender, lines } = to(receiver, 'authorization=Basic%20abc,x-tenant=one');
    assert.ok(await send());
    // One resource of spans without any, with an attribute of 3,000 letters in its schema's address.
    const text = Buffer.from('a'.repeat(3_000));
    const inner = Buffer.concat([Buffer.from([0x1a, 0xb8, 0x17]), text]);
    const body = Buffer.concat([Buffer.from([0x0a, 0xbb, 0x17]), inner]);
    assert.ok(await send(1, body));
    const [small, large] = receiver.requests;
    assert.equal(small?.path, '/v1/traces');
    assert.equal(small.headers['authorization'], 'Basic abc');
    assert.equal(small.headers['x-tenant'], 'one');
    assert.equal(small.headers['content-type'], 'application/x-protobuf');
    assert.equal(small.headers['content-encoding'], undefined);
    assert.equal(large?.headers['content-encoding'], 'gzip');
    assert.ok(large.bytes < 200, `${large.bytes}`);
    assert.equal(sender.away, false);
    assert.deepEqual(lines(), []);
  });

  for (const status of [429, 502, 503, 504])
    it(`is sent again after ${status}, and nothing is said of what went well in the end`, async () => {
      await using receiver = await startOtlpReceiver();
      const { send, sender, clock, lines } = to(receiver);
      receiver.fail({ kind: 'status', status });
      const sent = send();
      await receiver.until(({ requests }) => requests.length === 1);
      receiver.fail(undefined);
      assert.ok(await through(clock, sent));
      assert.equal(receiver.requests.length, 2);
      assert.equal(sender.away, false);
      assert.deepEqual(lines(), []);
    });

  for (const status of [301, 307, 400, 401, 403, 404, 413, 500, 501])
    it(`is lost with ${status}, and not sent again`, async () => {
      await using elsewhere = await startOtlpReceiver();
      await using receiver = await startOtlpReceiver();
      const { send, sender, clock, lines } = to(receiver);
      receiver.fail({ kind: 'status', status, headers: { location: `${elsewhere.url}/v1/traces` } });
      assert.equal(await through(clock, send(7)), false);
      assert.equal(receiver.requests.length, 1);
      assert.equal(elsewhere.requests.length, 0, 'no redirect is followed');
      assert.equal(sender.away, true);
      assert.deepEqual(lines(), [['WARNING', 'traces cannot be sent', `it answers ${status}`]]);
    });

  it('waits for as long as the collector asks for, and is lost where that is too long', async () => {
    await using receiver = await startOtlpReceiver();
    const { send, sender, clock } = to(receiver);
    receiver.fail({ kind: 'status', status: 429, headers: { 'retry-after': '9' } });
    const sent = send();
    await receiver.until(({ requests }) => requests.length === 1);
    receiver.fail(undefined);
    while (!sender.resting) await new Promise(setImmediate);
    await clock.advance(8_900);
    assert.equal(receiver.requests.length, 1);
    assert.ok(await through(clock, sent));
    assert.ok(clock.mono() >= 9_000);

    receiver.fail({ kind: 'status', status: 503, headers: { 'retry-after': '60' } });
    assert.equal(await through(clock, send()), false);
    assert.equal(receiver.requests.length, 3);
    assert.ok(sender.resting);
    await clock.advance(60_000);
    assert.ok(!sender.resting);
  });

  it('is given up after its time, and told once, and told again when all is well, with what was lost', async () => {
    await using receiver = await startOtlpReceiver();
    const { send, clock, lines } = to(receiver);
    receiver.fail({ kind: 'status', status: 503 });
    for (const count of [3, 4, 5]) assert.equal(await through(clock, send(count)), false);
    assert.ok(receiver.requests.length >= 9 && receiver.requests.length < 40, `${receiver.requests.length} attempts`);
    receiver.fail(undefined);
    assert.ok(await send());
    assert.ok(await send());
    assert.deepEqual(lines(), [
      ['WARNING', 'traces cannot be sent', 'it answers 503'],
      ['INFO', 'traces are sent again', 12],
    ]);
  });

  it('is told of once a minute at most where the collector comes and goes, and no loss is forgotten', async () => {
    await using receiver = await startOtlpReceiver();
    const { send, clock, lines } = to(receiver);
    for (let i = 0; i < 10; i++) {
      receiver.fail({ kind: 'status', status: 400 });
      await send(1);
      receiver.fail(undefined);
      await send(1);
    }
    assert.equal(lines().length, 2);
    await clock.advance(60_000);
    receiver.fail({ kind: 'status', status: 400 });
    await send(1);
    receiver.fail(undefined);
    await send(1);
    assert.deepEqual(lines().at(-1), ['INFO', 'traces are sent again', 10]);
  });

  it('finds nobody there, which is told with a reason and without the address’s path', async () => {
    const receiver = await startOtlpReceiver();
    await receiver[Symbol.asyncDispose]();
    const { send, sender, clock, log } = rigFor({ OTEL_EXPORTER_OTLP_ENDPOINT: `${receiver.url}/of/a/tenant` });
    assert.equal(await through(clock, send()), false);
    assert.equal(sender.away, true);
    assert.equal(log.lines.length, 1);
    assert.equal(log.lines[0]?.['reason'], 'cannot be reached (ECONNREFUSED)');
  });

  it('is cut off where no answer comes', async () => {
    await using receiver = await startOtlpReceiver();
    const { send, sender, clock, lines } = to(receiver);
    receiver.fail({ kind: 'stall' });
    const sent = send();
    await receiver.until(({ requests }) => requests.length === 1);
    await clock.advance(10_000);
    while (!sender.away) await new Promise(setImmediate);
    assert.equal(await through(clock, sent), false);
    assert.deepEqual(lines(), [['WARNING', 'traces cannot be sent', lines()[0]?.[2]]]);
    assert.match(String(lines()[0]?.[2]), /^has not answered within \d+ seconds$/);
  });

  for (const kind of ['cut', 'flood', 'garbage'] as const)
    it(`was taken where the status says so, whatever follows it (${kind})`, async () => {
      await using receiver = await startOtlpReceiver();
      const { send, lines } = to(receiver);
      receiver.fail({ kind });
      assert.ok(await send());
      assert.equal(receiver.requests.length, 1);
      assert.deepEqual(lines(), []);
    });

  it('is taken in part, which is told with the collector’s reason, once a minute', async () => {
    await using receiver = await startOtlpReceiver();
    const { send, clock, lines } = to(receiver);
    receiver.fail({ kind: 'partial', rejected: 3, message: 'too old' });
    for (let i = 0; i < 4; i++) assert.ok(await send());
    await clock.advance(60_000);
    assert.ok(await send());
    assert.deepEqual(lines(), [
      ['WARNING', 'the collector takes traces only in part', 3],
      ['WARNING', 'the collector takes traces only in part', 12],
    ]);
  });

  it('ends with the signal', async () => {
    await using receiver = await startOtlpReceiver();
    const { sender } = to(receiver);
    receiver.fail({ kind: 'stall' });
    const going = new AbortController();
    const sent = sender.send(EMPTY, 1, 20_000, going.signal);
    await receiver.until(({ requests }) => requests.length === 1);
    going.abort();
    assert.equal(await sent, false);
  });
});

function statusFor(check: () => unknown): number {
  try {
    check();
    return 200;
  } catch (error) {
    return (error as { code: number }).code;
  }
}

describe('what is sent to Google', () => {
  const start = async () => {
    const authorizations: (string | undefined)[] = [];
    const google = await startFakeGoogle({
      more: (tokens) => [
        {
          handle(request, response, url) {
            if (url.pathname !== '/v1/traces') return false;
            authorizations.push(request.headers.authorization);
            response.writeHead(statusFor(() => tokens.require(request, ['trace.append']))).end();
            return true;
          },
        },
      ],
    });
    for (const [name, value] of Object.entries(google.env)) process.env[name] = value;
    const env = {
      ...google.env,
      OTEL_EXPORTER_OTLP_ENDPOINT: 'https://telemetry.googleapis.com',
      GOOGLE_CLOUD_PROJECT: 'demo-hawker',
    };
    return { google, env, authorizations };
  };

  it('bears a token for traces alone, and the project; a token that ended is replaced', async () => {
    const { google, env } = await start();
    await using _ = google;
    const { send, lines } = rigFor(env);
    assert.ok(await send());
    const [request] = google.requestsTo(/^\/v1\/traces$/);
    assert.deepEqual(request?.scopes, ['https://www.googleapis.com/auth/trace.append']);
    assert.equal(request.headers['x-goog-user-project'], 'demo-hawker');
    google.tokens.revoke();
    assert.ok(await send());
    assert.deepEqual(lines(), []);
  });

  it('says once that there is no token, and does not send without', async () => {
    const { google, env } = await start();
    await using _ = google;
    google.fail({ kind: 'status', status: 404, path: /token$/ });
    const { send, lines, clock } = rigFor(env);
    for (let i = 0; i < 3; i++) assert.equal(await through(clock, send()), false);
    assert.deepEqual(google.requestsTo(/^\/v1\/traces$/), []);
    assert.equal(lines().length, 1);
    assert.match(String(lines()[0]?.[2]), /No service account is attached/);
  });

  it('bears the operator’s own token where the settings have one', async () => {
    const { google, authorizations } = await start();
    await using _ = google;
    const { send } = rigFor({
      OTEL_EXPORTER_OTLP_ENDPOINT: google.url,
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20mine',
    });
    await send();
    assert.deepEqual(authorizations, ['Bearer mine']);
  });

  it('is the only place that a token goes to', async () => {
    const { google, env } = await start();
    await using _ = google;
    await using receiver = await startOtlpReceiver();
    const lookalikes = [receiver.url, `${receiver.url}/telemetry.googleapis.com`];
    for (const OTEL_EXPORTER_OTLP_ENDPOINT of lookalikes) await rigFor({ ...env, OTEL_EXPORTER_OTLP_ENDPOINT }).send();
    assert.deepEqual(
      receiver.requests.map(({ headers }) => headers.authorization),
      [undefined, undefined],
    );
    assert.deepEqual(google.tokens.issued(), []);
  });
});
