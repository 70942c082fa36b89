/** OpenTelemetry's own code that writes spans down for a collector, and reads what it answers. Loaded with the first that are sent, since a start would wait for it. */
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';

/** An ExportTraceServiceRequest: https://github.com/open-telemetry/opentelemetry-proto/blob/main/opentelemetry/proto/collector/trace/v1/trace_service.proto */
export function encodeSpans(spans: readonly ReadableSpan[]): Uint8Array {
  return ProtobufTraceSerializer.serializeRequest([...spans]) ?? new Uint8Array();
}

/** What of a request was refused. The answers to spans and to metrics look the same on the wire. Throws for what is no such answer. */
export function decodeRefused(answer: Uint8Array): { count: number; reason: string } | undefined {
  const { partialSuccess } = ProtobufTraceSerializer.deserializeResponse(answer);
  const count = Number(partialSuccess?.rejectedSpans ?? 0);
  const reason = partialSuccess?.errorMessage ?? '';
  return count > 0 || reason !== '' ? { count, reason } : undefined;
}
