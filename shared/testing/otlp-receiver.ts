/** A collector on loopback: it reads what comes by OTLP over HTTP, strictly, keeps it, and fails where it is told to. */
import assert from 'node:assert/strict';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { gunzipSync } from 'node:zlib';
import protobuf from 'protobufjs';
import { type PushedMetrics, readMetrics } from './otlp-metrics.ts';
import { OTLP_PROTO } from './otlp-proto.ts';

export interface ReceivedSpan {
  traceId: string;
  spanId: string;
  /** '' for a root. */
  parentSpanId: string;
  name: string;
  /** 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  kind: number;
  attributes: Record<string, unknown>;
  /** 2 for an error. */
  status: number;
  links: { traceId: string; spanId: string }[];
  startNs: bigint;
  endNs: bigint;
  resource: Record<string, unknown>;
}

export interface ReceivedRequest {
  path: string;
  headers: IncomingHttpHeaders;
  /** Of the body as it came. */
  bytes: number;
}

/** What becomes of requests: an answer of another status; none at all; a connection that breaks; an answer without end; one that takes a part. */
export type ReceiverFault =
  | { kind: 'status'; status: number; headers?: Record<string, string> }
  | { kind: 'stall' }
  | { kind: 'cut' }
  | { kind: 'flood' }
  | { kind: 'garbage' }
  | { kind: 'partial'; rejected: number; message: string };

export interface OtlpReceiver extends AsyncDisposable {
  readonly url: string;
  readonly spans: readonly ReceivedSpan[];
  /** Each push. */
  readonly metrics: readonly PushedMetrics[];
  readonly requests: readonly ReceivedRequest[];
  /** From now on requests to such a path fail so; undefined heals. */
  fail(fault: ReceiverFault | undefined, path?: RegExp): void;
  /** Resolves when `there` holds of what has come; rejects after `withinMs`. */
  until(there: (receiver: OtlpReceiver) => boolean, withinMs?: number): Promise<void>;
}

const TYPES = protobuf.parse(OTLP_PROTO).root;
const SPANS = TYPES.lookupType('ExportTraceServiceRequest');
const RESPONSE = TYPES.lookupType('ExportServiceResponse');

// biome-ignore lint/suspicious/noExplicitAny: what a message is made of is in the text of its type
type Plain = any;

/** `port`: a free one where nothing is said. */
export async function startOtlpReceiver({ port = 0 }: { port?: number } = {}): Promise<OtlpReceiver> {
  const spans: ReceivedSpan[] = [];
  const metrics: PushedMetrics[] = [];
  const requests: ReceivedRequest[] = [];
  const waiting = new Set<() => void>();
  let fault: ReceiverFault | undefined;
  let faulty = /^/;

  const take = async (request: IncomingMessage, response: ServerResponse) => {
    const path = request.url ?? '';
    const raw = await buffer(request);
    requests.push({ path, headers: request.headers, bytes: raw.byteLength });
    const failing = fault && faulty.test(path) ? fault : undefined;
    if (!failing || failing.kind === 'partial' || failing.kind === 'garbage') keep(path, request.headers, raw);
    answer(response, failing);
    for (const look of waiting) look();
  };

  const keep = (path: string, headers: IncomingHttpHeaders, raw: Buffer) => {
    assert.equal(headers['content-type'], 'application/x-protobuf');
    const body = headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw;
    if (path === '/v1/metrics') return void metrics.push(readMetrics(body));
    assert.equal(path, '/v1/traces');
    const message = SPANS.toObject(SPANS.decode(body), { longs: String, bytes: Array }) as Plain;
    for (const { resource, scopeSpans } of message.resourceSpans ?? [])
      for (const scope of scopeSpans ?? []) for (const span of scope.spans ?? []) spans.push(spanOf(span, resource));
  };

  const server = createServer((request, response) => {
    // What cannot be read is refused as a real one does, and a test sees that nothing came.
    take(request, response).catch((error: unknown) => response.writeHead(400).end(String(error)));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });

  const receiver: OtlpReceiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    spans,
    metrics,
    requests,
    fail(given, path = /^/) {
      fault = given;
      faulty = path;
    },
    until: (there, withinMs = 10_000) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (!there(receiver)) return;
          clearTimeout(late);
          waiting.delete(look);
          resolve();
        };
        const late = setTimeout(() => {
          waiting.delete(look);
          const came = spans.map(({ name, traceId, parentSpanId }) => `${name} ${traceId.slice(0, 6)}<${parentSpanId}`);
          reject(new Error(`not received in ${withinMs} ms, but: ${came.join(', ')}; ${requests.length} requests`));
        }, withinMs);
        waiting.add(look);
        look();
      }),
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
  return receiver;
}

function answer(response: ServerResponse, fault: ReceiverFault | undefined): void {
  const head = { 'content-type': 'application/x-protobuf' };
  switch (fault?.kind) {
    case 'stall':
      return;
    case 'cut':
      response.writeHead(200, { ...head, 'content-length': '1000' });
      response.write('x', () => response.destroy());
      return;
    case 'flood': {
      response.writeHead(200, head);
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(65_536)));
        response.once('drain', more);
      };
      more();
      return;
    }
    case 'garbage':
      response.writeHead(200, head).end(Buffer.from([0xff, 0xff, 0xff, 0xff]));
      return;
    case 'status':
      response.writeHead(fault.status, fault.headers).end();
      return;
    default: {
      const { rejected, message } = fault ?? { rejected: 0, message: '' };
      const partial = fault && { partialSuccess: { rejected, errorMessage: message } };
      response.writeHead(200, head).end(RESPONSE.encode(RESPONSE.fromObject(partial ?? {})).finish());
    }
  }
}

function spanOf(span: Plain, resource: Plain): ReceivedSpan {
  return {
    traceId: hex(span.traceId),
    spanId: hex(span.spanId),
    parentSpanId: hex(span.parentSpanId),
    name: span.name,
    kind: span.kind,
    attributes: plainAttributes(span.attributes),
    status: span.status?.code ?? 0,
    links: (span.links ?? []).map((link: Plain) => ({ traceId: hex(link.traceId), spanId: hex(link.spanId) })),
    startNs: BigInt(span.startTimeUnixNano),
    endNs: BigInt(span.endTimeUnixNano),
    resource: plainAttributes(resource?.attributes),
  };
}

function hex(bytes: readonly number[] | undefined): string {
  return Buffer.from(bytes ?? []).toString('hex');
}

function plainAttributes(attributes: Plain): Record<string, unknown> {
  return Object.fromEntries((attributes ?? []).map(({ key, value }: Plain) => [key, plainValue(value)]));
}

function plainValue(value: Plain): unknown {
  if (value?.arrayValue) return (value.arrayValue.values ?? []).map(plainValue);
  if (value?.intValue !== undefined) return Number(value.intValue);
  return Object.values(value ?? {})[0];
}
