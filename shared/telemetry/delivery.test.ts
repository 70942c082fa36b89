import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { AppError } from '../errors.ts';
import type { Event } from '../events/event.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import { beginDelivery, type DeliveryOutcome } from './delivery.ts';
import { collect, startMetrics, stopMetrics } from './metrics.ts';
import { note, outgoingTraceparent } from './scope.ts';

const TRACEPARENT = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const NOW = Date.UTC(2026, 0, 1, 12);

afterEach(stopMetrics);

const event: Event = {
  ...{ id: 'e1', source: '/redirects', type: 'link.hit', time: '2026-01-01T11:00:00Z', data: { secret: 'sesame!' } },
  attributes: { traceparent: TRACEPARENT },
  delivery: { attempt: 3, publishTime: '2026-01-01T11:59:58.500Z' },
};

function begin(given: Event | undefined = event, fields = {}) {
  const log = createKeptLog();
  const clock = createFakeClock(NOW);
  return { log, delivery: beginDelivery({ log, clock, subscription: 'clicks', event: given, fields }) };
}

describe('a delivery', () => {
  it('is one line that names the event, the attempt and its age, within the trace of the event', () => {
    const { log, delivery } = begin();
    assert.equal(delivery.run(outgoingTraceparent), TRACEPARENT);
    delivery.end('done');
    assert.equal(log.lines.length, 1);
    const { ms, time, coldStart, ...line } = log.lines[0] ?? {};
    assert.deepEqual(line, {
      severity: 'INFO',
      message: 'event clicks',
      'logging.googleapis.com/trace': '4bf92f3577b34da6a3ce929d0e0e4736',
      'logging.googleapis.com/spanId': '00f067aa0ba902b7',
      'logging.googleapis.com/trace_sampled': true,
      'logging.googleapis.com/labels': { function: 'clicks', kind: 'event', subscription: 'clicks' },
      ...{ kind: 'event', function: 'clicks', subscription: 'clicks', requestId: 'e1', attempt: 3, ageMs: 1_500 },
      event: { id: 'e1', type: 'link.hit', source: '/redirects' },
      outcome: 'done',
    });
  });

  it('that failed says what becomes of the event, and how bad that is', () => {
    const passing = new AppError('unavailable', 'x');
    for (const [outcome, error, severity, message] of [
      ['again', passing, 'WARNING', 'an event could not be handled and will come again'],
      ['again', new TypeError('bug'), 'ERROR', 'an event could not be handled and will come again'],
      ['dropped', new AppError('invalid', 'x'), 'ERROR', 'an event can never be handled and is dropped'],
      ['dead', passing, 'ERROR', 'an event becomes a dead letter'],
    ] as const satisfies [DeliveryOutcome, Error, string, string][]) {
      const { log, delivery } = begin();
      delivery.end(outcome, error);
      const [line = {}] = log.lines;
      assert.deepEqual([line['severity'], line['message'], line['outcome']], [severity, message, outcome]);
      assert.match(String(line['error']), /x|bug/);
    }
  });

  it('that ended well says that what it asked for failed, where its function noted an error', () => {
    const refused = new AppError('migration_failed', 'no such column');
    for (const [noted, severity, message] of [
      [{ error: refused, run: 'r1', target: 'shop' }, 'WARNING', 'a run on shop failed'],
      [{ error: refused, run: 'r1' }, 'WARNING', 'a run failed'],
      [{ error: refused, target: 'shop' }, 'WARNING', 'what an event asked for failed'],
      [{ error: new TypeError('bug') }, 'ERROR', 'what an event asked for failed'],
    ] as const) {
      const { log, delivery } = begin();
      delivery.run(() => note(noted));
      delivery.end('done');
      const [line = {}] = log.lines;
      assert.deepEqual([line['severity'], line['message'], line['outcome']], [severity, message, 'failed']);
      assert.match(String(line['error']), /no such column|bug/);
    }
  });

  it('that failed of itself is told as such, whatever its function noted before', () => {
    const { log, delivery } = begin();
    delivery.run(() => note({ error: new AppError('migration_failed', 'no such column'), run: 'r1' }));
    delivery.end('again', new AppError('unavailable', 'the store is away'));
    const [line = {}] = log.lines;
    assert.equal(line['outcome'], 'again');
    assert.match(String(line['error']), /the store is away/);
  });

  it('ends once', () => {
    const { log, delivery } = begin();
    delivery.end('again', new AppError('unavailable', 'the deadline'));
    delivery.end('done');
    assert.deepEqual(
      log.lines.map(({ outcome }) => outcome),
      ['again'],
    );
  });

  it('of what is no event tells what is known', () => {
    const log = createKeptLog();
    const fields = { messageId: '7', attempt: 1 };
    beginDelivery({ log, clock: createFakeClock(NOW), subscription: 'clicks', event: undefined, fields }).end(
      'dropped',
      new AppError('bad_request', 'message is not an object'),
    );
    assert.deepEqual([log.lines[0]?.['messageId'], log.lines[0]?.['attempt']], ['7', 1]);
  });

  it('is measured, and so are dead letters', () => {
    startMetrics(0);
    begin().delivery.end('done');
    begin().delivery.end('dead', new AppError('unavailable', 'x'));
    const measured = collect().map(({ name, series }) => [name, series.map(({ labels }) => labels.join(' '))]);
    assert.deepEqual(measured, [
      ['messaging.process.duration', ['clicks ', 'clicks unavailable']],
      ['hawker.queue.dead_letters', ['clicks']],
    ]);
  });
});
