/** Bus arrivals: what LTA sees of a thousand watchers, answers from memory against a bare JSON server, and finding stops among 5,200. */
import { type ClientRequest, get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type FakeLta, startFakeLta } from '#shared/testing/fake-lta.ts';
import { arrivalBody } from '#shared/testing/fake-lta-replies.ts';
import { publishLists, STOP, STOPS_COUNT } from './bus-data.ts';
import { findingStops } from './bus-stops.ts';
import { load } from './load.ts';
import { type Figure, median, ratioOf, type Workplace } from './part.ts';
import { BARE_JSON, BUILT_BUS, type Server, startServer } from './servers.ts';

const WATCHERS = 1_000;
const WATCH_MS = 60_000;
/** What the page does while it is looked at. */
const POLL_MS = 20_000;
const ROUNDS = 9;
const SECONDS = 1;
const PATH = `/v2/stops/${STOP}/arrivals`;

export async function bus({ folder, say }: Workplace): Promise<Figure[]> {
  await using lta = await startFakeLta();
  lta.setArrivals(STOP, fiveServices);
  const network = await publishLists(folder);
  say(`${STOPS_COUNT} stops are published`);
  const settings = { LTA_BASE_URL: lta.url, LTA_ACCOUNT_KEY: lta.key };
  await using server = await startServer(BUILT_BUS, folder, { path: PATH, status: 200, settings });
  const rates = await answers(server, folder, say);
  const watched = await watch(server, lta, say);
  return [...watched, rates, ...(await findingStops(network))];
}

/** Each call tells other times, so that the streams have something to say. */
function fiveServices(now: number): object {
  const after = (minutes: number) => now + minutes * 60_000;
  const services = Array.from({ length: 5 }, (_, n) => ({
    service: `${n + 1}`,
    etas: [after(2 + n), after(9 + n), after(21 + n)],
  }));
  return arrivalBody(STOP, services);
}

/** Half of the watchers hold a stream, the others ask as the page does. All begin at once, which is the worst for whoever wants to save calls. */
async function watch(server: Server, lta: FakeLta, say: (line: string) => void): Promise<Figure[]> {
  // What the server knows from before is old by then, as on a quiet stop.
  await sleep(POLL_MS + 1_000);
  const before = lta.callsOf(STOP).length;
  const streams: ClientRequest[] = [];
  let bytes = 0;
  let refused = 0;
  for (let n = 0; n < WATCHERS / 2; n++)
    streams.push(
      get({ port: server.port, host: '127.0.0.1', path: `/v2/stops/${STOP}/stream`, agent: false }, (response) => {
        if (response.statusCode !== 200) refused++;
        response.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
        });
      }).on('error', () => undefined),
    );
  const end = performance.now() + WATCH_MS;
  let asked = 0;
  const poll = async () => {
    while (performance.now() < end) {
      const status = await statusOf(server.port);
      asked++;
      if (status !== 200) refused++;
      await sleep(Math.min(POLL_MS, Math.max(0, end - performance.now())));
    }
  };
  await Promise.all(Array.from({ length: WATCHERS / 2 }, poll));
  const calls = lta.callsOf(STOP).length - before;
  for (const stream of streams) stream.destroy();
  say(`${asked} questions and ${Math.round(bytes / 1024)} KiB of streams within a minute, ${refused} refused`);
  if (refused > 0) throw new Error(`${refused} watchers were refused`);
  return [
    {
      what: `calls to LTA for ${WATCHERS.toLocaleString('en')} watchers of one stop in a minute, half of them on streams`,
      measured: `${calls}`,
      budget: '<= 3 a minute per instance',
    },
  ];
}

async function answers(server: Server, folder: string, say: (line: string) => void): Promise<Figure> {
  await using bare = await startServer(BARE_JSON, folder, { status: 200 });
  const rates: [number[], number[]] = [[], []];
  for (let round = 0; round <= ROUNDS; round++)
    for (const index of round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
      const rate = await load(index === 0 ? server.port : bare.port, PATH, SECONDS);
      if (round > 0) rates[index].push(rate);
      await sleep(200);
    }
  say(`${ROUNDS} rounds of arrivals from memory`);
  const [ours, theirs] = rates;
  const told = (values: number[]) => Math.round(median(values)).toLocaleString('en');
  return {
    what: `arrivals of five services from memory, against bare \`node:http\` with JSON of that size (${told(ours)} of ${told(theirs)} a second)`,
    measured: ratioOf(ours, theirs),
  };
}

function statusOf(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    get({ port, host: '127.0.0.1', path: PATH, timeout: 10_000 }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode));
    })
      .once('timeout', () => resolve(undefined))
      .once('error', () => resolve(undefined));
  });
}
