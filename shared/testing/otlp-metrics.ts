/** What a collector reads out of pushed metrics: OTLP's messages, written down once more and read by another part of protobufjs than the one that wrote them. */
import protobuf from 'protobufjs';

/** From opentelemetry-proto 1.x, with only what Hawker may send. */
const PROTO = `
syntax = "proto3";
message ExportMetricsServiceRequest { repeated ResourceMetrics resource_metrics = 1; }
message ResourceMetrics { Resource resource = 1; repeated ScopeMetrics scope_metrics = 2; string schema_url = 3; }
message Resource { repeated KeyValue attributes = 1; }
message KeyValue { string key = 1; AnyValue value = 2; }
message AnyValue { oneof value { string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4; } }
message ScopeMetrics { InstrumentationScope scope = 1; repeated Metric metrics = 2; string schema_url = 3; }
message InstrumentationScope { string name = 1; string version = 2; }
message Metric {
  string name = 1; string description = 2; string unit = 3;
  oneof data { Gauge gauge = 5; Sum sum = 7; Histogram histogram = 9; }
}
enum AggregationTemporality { UNSPECIFIED = 0; DELTA = 1; CUMULATIVE = 2; }
message Gauge { repeated NumberDataPoint data_points = 1; }
message Sum { repeated NumberDataPoint data_points = 1; AggregationTemporality aggregation_temporality = 2; bool is_monotonic = 3; }
message Histogram { repeated HistogramDataPoint data_points = 1; AggregationTemporality aggregation_temporality = 2; }
message NumberDataPoint {
  fixed64 start_time_unix_nano = 2; fixed64 time_unix_nano = 3;
  oneof value { double as_double = 4; sfixed64 as_int = 6; }
  repeated Exemplar exemplars = 5; repeated KeyValue attributes = 7; uint32 flags = 8;
}
message HistogramDataPoint {
  fixed64 start_time_unix_nano = 2; fixed64 time_unix_nano = 3; fixed64 count = 4; optional double sum = 5;
  repeated fixed64 bucket_counts = 6; repeated double explicit_bounds = 7; repeated Exemplar exemplars = 8;
  repeated KeyValue attributes = 9; uint32 flags = 10; optional double min = 11; optional double max = 12;
}
message Exemplar {
  fixed64 time_unix_nano = 2; oneof value { double as_double = 3; sfixed64 as_int = 6; }
  bytes span_id = 4; bytes trace_id = 5; repeated KeyValue filtered_attributes = 7;
}
`;

const Request = protobuf.parse(PROTO).root.lookupType('ExportMetricsServiceRequest');

/** As plain data: enums by name, 64-bit numbers as text, bytes in hexadecimal. Throws for what is no such message. */
export function readMetrics(bytes: Uint8Array): PushedMetrics {
  const read = Request.toObject(Request.decode(bytes), { enums: String, longs: String, bytes: Array });
  return JSON.parse(JSON.stringify(read), (key, value: unknown) =>
    key === 'traceId' || key === 'spanId' ? Buffer.from(value as number[]).toString('hex') : value,
  ) as PushedMetrics;
}

export interface PushedAttribute {
  key: string;
  value: { stringValue: string };
}

export interface PushedPoint {
  startTimeUnixNano: string;
  timeUnixNano: string;
  asDouble?: number;
  count?: string;
  sum?: number;
  bucketCounts?: string[];
  explicitBounds?: number[];
  exemplars?: { timeUnixNano: string; asDouble: number; traceId: string; spanId: string }[];
  attributes?: PushedAttribute[];
}

export interface PushedMetric {
  name: string;
  description: string;
  unit: string;
  gauge?: { dataPoints: PushedPoint[] };
  sum?: { dataPoints: PushedPoint[]; aggregationTemporality: string; isMonotonic: boolean };
  histogram?: { dataPoints: PushedPoint[]; aggregationTemporality: string };
}

export interface PushedMetrics {
  resourceMetrics: {
    resource: { attributes: PushedAttribute[] };
    scopeMetrics: { scope: { name: string; version: string }; metrics: PushedMetric[] }[];
  }[];
}
