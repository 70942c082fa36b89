/**
 * LTA DataMall on loopback: bus arrivals and the paged sets, as the real one was seen to answer, faults included. What a fault is, fake-lta-faults.ts tells;
 * arrivals in a short form are made by `arrivalBody` of fake-lta-replies.ts.
 */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Clock, systemClock } from '../clock.ts';
import type { LtaSet } from '../lta/lta.ts';
import { answerWrongly, JSON_TYPE, type LtaFault } from './fake-lta-faults.ts';

/** One request, as it came in. */
export interface LtaCall {
  method: string;
  /** Below the base address, without its query: `/v3/BusArrival`. */
  path: string;
  stop?: string;
  set?: LtaSet;
  /** Of a set: 0 where the request does not say. */
  skip?: number;
  /** Milliseconds of the monotonic clock. */
  at: number;
  headers: IncomingHttpHeaders;
  /** The caller's port: the same for as long as a connection is kept. */
  port: number | undefined;
}

/** Which requests are meant; all where nothing is said. */
export interface Where {
  /** Such as `/v3/BusArrival` or `/BusStops`. */
  path?: string;
  stop?: string;
  skip?: number;
}

export interface FakeLta extends AsyncDisposable {
  /** What LTA_BASE_URL is set to. */
  readonly url: string;
  /** The one key that is accepted. */
  readonly key: string;
  readonly calls: readonly LtaCall[];
  callsOf(stop: string): LtaCall[];
  /** Resolves when this many requests have come in altogether; they need not be answered yet. */
  called(count: number): Promise<void>;
  /** The reply for a stop: an object becomes JSON. A function is asked at each call, with the wall time in milliseconds. */
  setArrivals(stop: string, body: unknown | ((now: number) => unknown)): void;
  setSet(name: LtaSet, rows: readonly unknown[]): void;
  /** From now on these requests fail so, `times` times or until what is returned is called. The oldest fault that fits is taken. */
  fail(fault: LtaFault, where?: Where & { times?: number }): () => void;
  /** Forgets all faults. */
  heal(): void;
  /** From now on these requests wait, until what is returned is called. */
  hold(where?: Where): () => void;
  /** Ends with every connection broken. */
  close(): Promise<void>;
}

const BASE = '/ltaodataservice';
const PAGE = 500;
const SETS: readonly string[] = ['BusStops', 'BusServices', 'BusRoutes', 'PlannedBusRoutes'] satisfies LtaSet[];
const DENIED = '<HTML><HEAD>\n<TITLE>Access Denied</TITLE>\n</HEAD><BODY>\n<H1>Access Denied</H1>\n</BODY>\n</HTML>\n';

interface Answer {
  status: number;
  type: string;
  body: string;
}

/** `clock` is what calls are stamped with; `key` what is accepted. */
export async function startFakeLta(options: { clock?: Clock; key?: string } = {}): Promise<FakeLta> {
  const { clock = systemClock, key = 'c3RhbGwga2V5IG9mIGEgdGVzdA==' } = options;
  const calls: LtaCall[] = [];
  const arrivals = new Map<string, unknown>();
  const sets = new Map<string, readonly unknown[]>();
  const faults: { fault: LtaFault; where: Where; left: number }[] = [];
  const holds = new Set<{ where: Where; released: Promise<void> }>();
  const awaited: { count: number; resolve: () => void }[] = [];

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://lta');
    const call = readCall(request, url);
    calls.push(call);
    for (const waiting of awaited) if (calls.length >= waiting.count) waiting.resolve();
    request.resume();
    await Promise.all([...holds].filter(({ where }) => fits(call, where)).map(({ released }) => released));
    const found = faults.find(({ where, left }) => left > 0 && fits(call, where));
    if (found) found.left--;
    const fault = found?.fault;
    const answer = answerTo(request, call, fault?.kind === 'endless pages' ? 0 : call.skip);
    if (fault) return answerWrongly(fault, response, answer.body);
    const { status, type, body } = answer;
    response.writeHead(status, { 'content-type': type, 'content-length': String(Buffer.byteLength(body)) }).end(body);
  }

  function readCall({ method = '', headers, socket }: IncomingMessage, url: URL): LtaCall {
    const path = url.pathname.startsWith(`${BASE}/`) ? url.pathname.slice(BASE.length) : url.pathname;
    const stop = url.searchParams.get('BusStopCode');
    const set = SETS.includes(path.slice(1)) ? (path.slice(1) as LtaSet) : undefined;
    const place = set ? { set, skip: Number(url.searchParams.get('$skip') ?? '0') } : {};
    const how = { at: clock.mono(), headers, port: socket.remotePort };
    return { method, path, ...how, ...(stop !== null && { stop }), ...place };
  }

  function answerTo(request: IncomingMessage, call: LtaCall, skip = 0): Answer {
    const here = request.url?.startsWith(`${BASE}/`) && (call.path === '/v3/BusArrival' || call.set !== undefined);
    if (!here || call.method !== 'GET') return text(404, 'The requested API was not found');
    if (request.headers['accountkey'] !== key) return text(401, '');
    const metadata = { 'odata.metadata': `https://datamall2.mytransport.sg${BASE}${call.path}` };
    if (call.set) return json({ ...metadata, value: (sets.get(call.set) ?? []).slice(skip, skip + PAGE) });
    if (!call.stop) return { status: 403, type: 'text/html', body: DENIED };
    const given = arrivals.get(call.stop) ?? { ...metadata, BusStopCode: call.stop, Services: [] };
    return json(typeof given === 'function' ? given(clock.now()) : given);
  }

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => response.destroy(error as Error));
  });
  server.keepAliveTimeout = 60_000;
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const releases = new Set<() => void>();
  const close = async () => {
    for (const release of releases) release();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}${BASE}`,
    key,
    calls,
    callsOf: (stop) => calls.filter((call) => call.stop === stop),
    called: (count) =>
      new Promise((resolve) => {
        if (calls.length >= count) resolve();
        else awaited.push({ count, resolve });
      }),
    setArrivals: (stop, body) => void arrivals.set(stop, body),
    setSet: (name, rows) => void sets.set(name, rows),
    fail(fault, { times = Number.POSITIVE_INFINITY, ...where } = {}) {
      const entry = { fault, where, left: times };
      faults.push(entry);
      return () => {
        entry.left = 0;
      };
    },
    heal() {
      faults.length = 0;
    },
    hold(where = {}) {
      const { promise: released, resolve } = Promise.withResolvers<void>();
      const held = { where, released };
      const release = () => {
        holds.delete(held);
        releases.delete(release);
        resolve();
      };
      holds.add(held);
      releases.add(release);
      return release;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function fits(call: LtaCall, { path, stop, skip }: Where): boolean {
  return (
    (path === undefined || path === call.path) &&
    (stop === undefined || stop === call.stop) &&
    (skip === undefined || skip === call.skip)
  );
}

const text = (status: number, body: string): Answer => ({ status, type: 'text/plain', body });
/** Text stays as it is, so that any reply can be had. */
const json = (body: unknown): Answer => ({
  status: 200,
  type: JSON_TYPE['content-type'],
  body: typeof body === 'string' ? body : JSON.stringify(body),
});
