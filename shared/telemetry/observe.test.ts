import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { systemClock } from '../clock.ts';
import { AppError } from '../errors.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import { beginInvocation, type InvocationOptions } from './invocation.ts';
import { collect, startMetrics, stopMetrics } from './metrics.ts';
import { observe, observing } from './observe.ts';
import { createSpans, type ReadableSpan } from './otel-client.ts';
import { currentScope, outgoingTraceparent } from './scope.ts';
import { useSpans } from './spans.ts';
import { parseTraceparent } from './trace-context.ts';
import { createTraceRate } from './trace-rate.ts';

afterEach(() => {
  useSpans(undefined);
  stopMetrics();
});

const PARENT = parseTraceparent(`00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`);

function record(perSecond = 100): ReadableSpan[] {
  const ended: ReadableSpan[] = [];
  useSpans(
    createSpans({
      resource: {},
      version: '1',
      rate: createTraceRate(perSecond, systemClock),
      onBegin: () => undefined,
      onEnd: (span) => ended.push(span),
    }),
  );
  return ended;
}

function begin(options: Partial<InvocationOptions> = {}) {
  const log = createKeptLog();
  return { log, invocation: beginInvocation({ kind: 'request', name: 'GET', log, debug: false, ...options }) };
}

describe('a step', () => {
  it('is a span below the one it is made in, however deep and whatever runs beside it', async () => {
    const ended = record();
    const { invocation } = begin();
    const inner = (name: string) => observe({ name }, async () => observe({ name: `${name}.inner` }, async () => name));
    assert.deepEqual(await invocation.run(() => Promise.all([inner('one'), inner('two')])), ['one', 'two']);
    invocation.end({ outcome: 'ok', severity: 'INFO' });
    const ids = new Map(ended.map((span) => [span.name, span.spanContext().spanId]));
    const parents = new Map(ended.map((span) => [span.name, span.parentSpanContext?.spanId]));
    for (const name of ['one', 'two']) {
      assert.equal(parents.get(name), ids.get('GET'));
      assert.equal(parents.get(`${name}.inner`), ids.get(name));
    }
    assert.equal(new Set(ended.map((span) => span.spanContext().traceId)).size, 1);
  });

  it('of what is debugged has a line that names its span, which no other has', async () => {
    const ended = record();
    for (const debug of [false, true]) {
      const { log, invocation } = begin({ debug });
      await invocation.run(() => observe({ name: 'step', attributes: { 'hawker.key': 'a' } }, async () => undefined));
      assert.deepEqual(
        log.lines.map((line) => [line['message'], line['hawker.key'], line['logging.googleapis.com/spanId']]),
        debug ? [['step step', 'a', ended.at(-1)?.spanContext().spanId]] : [],
      );
    }
  });

  it('sends its own span along, and the invocation’s again when it is over', async () => {
    record();
    const { invocation } = begin();
    await invocation.run(async () => {
      const before = outgoingTraceparent();
      await observe({ name: 'step' }, async (span) => {
        assert.equal(parseTraceparent(outgoingTraceparent())?.spanId, span?.spanContext().spanId);
      });
      assert.equal(outgoingTraceparent(), before);
    });
  });

  it('that fails says of what kind the error is, and nothing of its message', async () => {
    const ended = record();
    startMetrics(0);
    const { invocation, log } = begin();
    const step = {
      name: 'store.get',
      measures: {
        metric: 'db.client.operation.duration',
        labels: { 'db.system.name': 'sqlite', 'db.operation.name': 'get', 'db.collection.name': 'links' },
      },
    } as const;
    await assert.rejects(
      invocation.run(() =>
        observe(step, async () => {
          throw new AppError('unavailable', 'the key is hunter2');
        }),
      ),
      { code: 'unavailable' },
    );
    invocation.end({ outcome: 'failed', severity: 'WARNING' });
    const [span] = ended;
    assert.deepEqual(span?.status, { code: 2, message: 'unavailable' });
    assert.equal(span.attributes['error.type'], 'unavailable');
    const metric = collect().find(({ name }) => name === 'db.client.operation.duration');
    assert.deepEqual(
      metric?.series.map(({ labels }) => labels),
      [['sqlite', 'get', 'links', 'unavailable']],
    );
    assert.doesNotMatch(JSON.stringify([span.attributes, span.status, span.events, log.lines]), /hunter2/);
  });

  it('does not fail with an error that is an answer', async () => {
    const ended = record();
    const { invocation } = begin();
    const isFailure = () => false;
    await assert.rejects(
      invocation.run(() => observe({ name: 's', isFailure }, () => Promise.reject(new AppError('conflict', 'taken')))),
    );
    assert.equal(ended[0]?.status.code, 0);
    assert.equal(ended[0]?.attributes['error.type'], undefined);
  });

  it('counts in the line of its invocation with nothing else turned on', async () => {
    const { invocation, log } = begin({ debug: true });
    await invocation.run(async () => {
      for (let i = 0; i < 3; i++) await observe({ name: 'store.get' }, async () => i);
    });
    invocation.end({ outcome: 'ok', severity: 'INFO' });
    const { steps } = log.lines.at(-1) as { steps: Record<string, { times: number }> };
    assert.equal(steps['store.get']?.times, 3);
  });

  it('outside any invocation is just done', async () => {
    const ended = record();
    assert.equal(observing(), false);
    assert.equal(
      await observe({ name: 's' }, async (span) => {
        assert.equal(span, undefined);
        assert.equal(currentScope(), undefined);
        return 7;
      }),
      7,
    );
    assert.deepEqual(ended, []);
  });

  it('points to another trace that it has to do with', async () => {
    const ended = record();
    const { invocation } = begin();
    assert.ok(PARENT);
    await invocation.run(() => observe({ name: 's', link: PARENT }, async () => 1));
    assert.equal(ended[0]?.links[0]?.context.traceId, PARENT.traceId);
    assert.notEqual(ended[0]?.spanContext().traceId, PARENT.traceId);
  });
});

describe('an invocation', () => {
  it('goes on with the trace that it was called with', () => {
    const ended = record();
    const { invocation } = begin({ parent: PARENT });
    invocation.end({ outcome: 'ok', severity: 'INFO', name: 'GET /v1/things' });
    assert.equal(ended[0]?.spanContext().traceId, PARENT?.traceId);
    assert.equal(ended[0]?.parentSpanContext?.spanId, PARENT?.spanId);
    assert.equal(ended[0]?.name, 'GET /v1/things');
  });

  it('that is not recorded passes its trace on, and does not have others recorded in a stranger’s name', () => {
    record(0);
    const sent = (options: Partial<InvocationOptions>) => begin(options).invocation.run(outgoingTraceparent);
    assert.equal(sent({ parent: PARENT }), `00-${'a'.repeat(32)}-${'b'.repeat(16)}-00`);
    assert.equal(sent({}), undefined);
    useSpans(undefined);
    assert.equal(
      sent({ parent: PARENT }),
      `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`,
      'unchanged where none are taken',
    );
  });

  it('of Hawker’s own is recorded where what it follows from is, and one that is debugged always', () => {
    const ended = record(0);
    const unsampled = PARENT && { ...PARENT, sampled: false };
    const all = [
      { parent: PARENT, trusted: true },
      { parent: unsampled, trusted: true },
      { parent: unsampled, debug: true },
      { debug: true },
      {},
    ];
    for (const options of all) begin(options).invocation.end({ outcome: 'ok', severity: 'INFO' });
    assert.deepEqual(
      ended.map((span) => span.parentSpanContext?.traceId),
      [PARENT?.traceId, PARENT?.traceId, undefined],
    );
    for (const span of ended) assert.equal(span.spanContext().traceFlags, 1);
  });
});
