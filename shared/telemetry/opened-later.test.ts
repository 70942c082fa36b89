import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadConfig } from '../config.ts';
import { systemIds } from '../ids.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import { type OtlpReceiver, startOtlpReceiver } from '../testing/otlp-receiver.ts';
import { collectorOf } from './collector.ts';
import { createCollectorTroubles } from './collector-troubles.ts';
import { openedLater } from './opened-later.ts';
import { createPost } from './otlp-post.ts';
import { createOtlpSender } from './otlp-sender.ts';
import { decodeRefused } from './otlp-traces-client.ts';

guardAgainstLeaks();

/** A sender that cannot be opened the first `failures` times. */
function rigFor({ url }: OtlpReceiver, failures = 0) {
  const clock = createFakeClock();
  const log = createKeptLog();
  const collector = collectorOf(loadConfig({ OTEL_EXPORTER_OTLP_ENDPOINT: url }));
  const troubles = createCollectorTroubles('traces', collector.addressOf('traces'), { log, clock });
  const post = createPost(collector, loadConfig({}), { log, clock, ids: systemIds });
  let opened = 0;
  const sender = openedLater(async () => {
    if (++opened <= failures) throw new Error('too many open files');
    return createOtlpSender({ signal: 'traces', post, decodeRefused, troubles, clock, ids: systemIds });
  }, troubles);
  const lines = () => log.lines.map(({ message, reason, lost }) => [message, reason ?? lost]);
  const over = new AbortController();
  const send = (count = 1) => sender.send(new Uint8Array(), count, 0, over.signal);
  return { sender, send, lines, over, timesOpened: () => opened };
}

describe('a sender that is opened later', () => {
  it('is opened by the first who sends, and once, also by two at once', async () => {
    await using receiver = await startOtlpReceiver();
    const { sender, send, lines, timesOpened } = rigFor(receiver);
    assert.deepEqual([sender.away, sender.resting, timesOpened()], [false, false, 0]);
    assert.deepEqual(await Promise.all([send(), send()]), [true, true]);
    assert.ok(await send());
    assert.deepEqual([timesOpened(), receiver.requests.length, lines()], [1, 3, []]);
  });

  it('knows from then on whether the collector is away, and wants to be left alone', async () => {
    await using receiver = await startOtlpReceiver();
    const { sender, send } = rigFor(receiver);
    receiver.fail({ kind: 'status', status: 503, headers: { 'retry-after': '60' } });
    assert.equal(await send(), false);
    assert.deepEqual([sender.away, sender.resting], [true, true]);
    receiver.fail(undefined);
    assert.ok(await send());
    assert.equal(sender.away, false);
  });

  it('tells what is lost where it cannot be opened, and the next that is sent opens it', async () => {
    await using receiver = await startOtlpReceiver();
    const { sender, send, lines } = rigFor(receiver, 2);
    assert.equal(await send(3), false);
    assert.equal(await send(4), false);
    assert.equal(sender.away, false);
    assert.deepEqual(lines(), [['traces cannot be sent', 'too many open files']]);
    assert.ok(await send());
    assert.deepEqual(lines().slice(1), [['traces are sent again', 7]]);
  });

  it('sends nothing any more to one who gave up while it was opened', async () => {
    await using receiver = await startOtlpReceiver();
    const { send, lines, over } = rigFor(receiver);
    const sent = send();
    over.abort();
    assert.equal(await sent, false);
    assert.equal(receiver.requests.length, 0);
    assert.equal(lines().length, 1);
  });
});
