import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ROOT_CONTEXT, type SpanContext, trace } from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import fc from 'fast-check';
import { formatTraceparent, parseTraceparent, traceContextOf } from './trace-context.ts';

const oracle = new W3CTraceContextPropagator();

function asOpenTelemetry(header: string): SpanContext | undefined {
  const getter = { get: (carrier: Record<string, string>, name: string) => carrier[name], keys: Object.keys };
  return trace.getSpanContext(oracle.extract(ROOT_CONTEXT, { traceparent: header }, getter));
}

const hex = (length: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length });
const traceId = fc.oneof({ weight: 9, arbitrary: hex(32) }, fc.constant('0'.repeat(32)));
const spanId = fc.oneof({ weight: 9, arbitrary: hex(16) }, fc.constant('0'.repeat(16)));
const version = fc.oneof(fc.constant('00'), hex(2), fc.constant('ff'));
const wellFormed = fc
  .tuple(version, traceId, spanId, hex(2), fc.constantFrom('', '', '-', '-more', '-00'))
  .map(([of, inTrace, span, flags, more]) => `${of}-${inTrace}-${span}-${flags}${more}`);
/** One character of it is another, or is not there. */
const broken = fc
  .tuple(wellFormed, fc.nat(58), fc.constantFrom('', 'g', 'A', '-', ' ', '\t', 'é'))
  .map(([header, at, instead]) => header.slice(0, at) + instead + header.slice(at + 1));

describe('traceparent', () => {
  it('is read as OpenTelemetry reads it, whatever comes', () => {
    fc.assert(
      fc.property(fc.oneof(wellFormed, broken, fc.string()), (header) => {
        const read = parseTraceparent(header);
        const expected = asOpenTelemetry(header);
        assert.deepEqual(
          read && { traceId: read.traceId, spanId: read.spanId, sampled: read.sampled },
          expected && { traceId: expected.traceId, spanId: expected.spanId, sampled: (expected.traceFlags & 1) === 1 },
          header,
        );
      }),
      { numRuns: 5_000 },
    );
  });

  it('is read again as it was written', () => {
    const context = fc.record({
      traceId: hex(32).filter((id) => !/^0+$/.test(id)),
      spanId: hex(16).filter((id) => !/^0+$/.test(id)),
      sampled: fc.boolean(),
    });
    fc.assert(
      fc.property(context, (given) => assert.deepEqual(parseTraceparent(formatTraceparent(given)), { ...given })),
    );
  });
});

describe("a request's trace", () => {
  const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
  const of = (headers: Record<string, string>) => traceContextOf((name) => headers[name]);

  it("is taken from Google's header where the other is absent or broken", () => {
    const google = { 'x-cloud-trace-context': `${TRACE}/255;o=1` };
    const expected = { traceId: TRACE, spanId: '00000000000000ff', sampled: true };
    assert.deepEqual(of(google), expected);
    assert.deepEqual(of({ ...google, traceparent: 'x' }), expected);
    assert.deepEqual(of({ ...google, traceparent: `00-${'1'.repeat(32)}-${'2'.repeat(16)}-00` }), {
      traceId: '1'.repeat(32),
      spanId: '2'.repeat(16),
      sampled: false,
    });
  });

  it("takes the whole range of Google's span ids, and nothing beside it", () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 64n + 5n), fc.constantFrom('', ';o=0', ';o=1'), (span, options) => {
        const read = of({ 'x-cloud-trace-context': `${TRACE}/${span}${options}` });
        if (span === 0n || span >= 2n ** 64n) return assert.equal(read, undefined);
        assert.equal(BigInt(`0x${read?.spanId}`), span);
        assert.equal(read?.spanId.length, 16);
        assert.equal(read.sampled, options === ';o=1');
      }),
    );
    for (const bad of [
      '',
      TRACE,
      `${TRACE}/`,
      `${'0'.repeat(32)}/1`,
      `${TRACE.toUpperCase()}/1`,
      `${TRACE}/1;o=`,
      `${TRACE}/x`,
    ])
      assert.equal(of({ 'x-cloud-trace-context': bad }), undefined, bad);
  });
});
