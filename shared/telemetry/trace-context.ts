/**
 * Which trace something belongs to, as it travels: the header `traceparent` of W3C Trace Context (https://www.w3.org/TR/trace-context/), and Google's older
 * `X-Cloud-Trace-Context`. In an event it is the CloudEvents extension of the same name, so it survives the queue, the outbox and the dead letters.
 */

export interface TraceContext {
  /** 32 hexadecimal digits, in lower case, not all zero. */
  traceId: string;
  /** 16 hexadecimal digits, in lower case, not all zero: the span that what follows is a part of. */
  spanId: string;
  /** Whether that span is recorded. */
  sampled: boolean;
}

/** The attribute of an event, and the header. */
export const TRACEPARENT = 'traceparent';

/** A version above 00 may have more behind the flags; ff is never valid. */
const W3C =
  /^(?!ff)(?<version>[0-9a-f]{2})-(?!0{32})(?<traceId>[0-9a-f]{32})-(?!0{16})(?<spanId>[0-9a-f]{16})-(?<flags>[0-9a-f]{2})(?<more>-.*)?$/;
const GOOGLE = /^(?!0{32})(?<traceId>[0-9a-f]{32})\/(?<spanId>\d{1,20})(?:;o=(?<options>\d))?$/;

/** Undefined for what is absent or malformed: a caller's broken header must not cost it the answer. */
export function parseTraceparent(text: string | null | undefined): TraceContext | undefined {
  const found = text ? W3C.exec(text.trim())?.groups : undefined;
  if (!found || (found['version'] === '00' && found['more'] !== undefined)) return undefined;
  const { traceId = '', spanId = '', flags = '' } = found;
  return { traceId, spanId, sampled: (Number.parseInt(flags, 16) & 1) === 1 };
}

export function formatTraceparent({ traceId, spanId, sampled }: TraceContext): string {
  return `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`;
}

/** Of a request; `traceparent` first, as Google's load balancers and Cloud Run send both. `header` gets names in lower case. */
export function traceContextOf(header: (name: string) => string | null | undefined): TraceContext | undefined {
  return parseTraceparent(header(TRACEPARENT)) ?? parseGoogle(header('x-cloud-trace-context'));
}

/** `TRACE_ID/SPAN_ID;o=OPTIONS`, with the span's id in decimal: https://cloud.google.com/trace/docs/trace-context */
function parseGoogle(text: string | null | undefined): TraceContext | undefined {
  const found = text ? GOOGLE.exec(text.trim())?.groups : undefined;
  if (!found) return undefined;
  const span = BigInt(found['spanId'] ?? '0');
  if (span === 0n || span > 0xffff_ffff_ffff_ffffn) return undefined;
  return {
    traceId: found['traceId'] ?? '',
    spanId: span.toString(16).padStart(16, '0'),
    sampled: found['options'] === '1',
  };
}
