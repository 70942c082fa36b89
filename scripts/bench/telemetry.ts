/** What looking inside costs: built redirects with traces, metrics and their export on, at the default rates, against the same with all of it off. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { prepareLinks } from './data.ts';
import { inTurns, rate } from './in-turns.ts';
import { load } from './load.ts';
import { type Figure, median, ratioOf, type Workplace } from './part.ts';
import { residentMiB } from './resident.ts';
import { BUILT_REDIRECTS, OTLP_SINK, type Server, startServer } from './servers.ts';

const STARTS = 51;
const REQUESTS = 1_000_000;
const LOAD_SECONDS = 4;
/** Of the requests, those by which caches and the compiler have settled. */
const SETTLED = 0.3;

export async function telemetry({ folder, say }: Workplace): Promise<Figure[]> {
  const [on, off] = [join(folder, 'on'), join(folder, 'off')];
  for (const data of [on, off]) {
    mkdirSync(data);
    await prepareLinks(data);
  }
  await using sink = await startServer(OTLP_SINK, folder, { path: '/', status: 200 });
  const settings = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${sink.port}`, HAWKER_OPS_PORT: '0' };
  const starts = {
    on: () => startServer(BUILT_REDIRECTS, on, { settings }),
    off: () => startServer(BUILT_REDIRECTS, off),
  };
  return [
    await throughput(starts, say),
    await coldStart(starts, say),
    ...(await memory(starts.on, 'on', say)),
    ...(await memory(starts.off, 'off', say)),
  ];
}

type Start = () => Promise<Server & AsyncDisposable>;

async function throughput(starts: Record<'on' | 'off', Start>, say: Workplace['say']): Promise<Figure> {
  await using on = await starts.on();
  await using off = await starts.off();
  const [rates, plain] = await inTurns(on, off, '/docs', '/docs', say);
  return {
    what: `cached redirect with traces and metrics on, against off (${rate(rates)} of ${rate(plain)} a second)`,
    measured: ratioOf(rates, plain),
    budget: '>= 0.9 x',
  };
}

async function coldStart(starts: Record<'on' | 'off', Start>, say: Workplace['say']): Promise<Figure> {
  const times: Record<'on' | 'off', number[]> = { on: [], off: [] };
  for (let round = 0; round <= STARTS; round++)
    for (const which of round % 2 === 0 ? (['on', 'off'] as const) : (['off', 'on'] as const)) {
      await using server = await starts[which]();
      if (round > 0) times[which].push(server.startMs);
    }
  say(`${STARTS} starts of each`);
  return {
    what: `start of the built redirects to its first redirect with them on, against off (${median(times.on).toFixed(0)} ms of ${median(times.off).toFixed(0)} ms)`,
    measured: ratioOf(times.on, times.off),
    budget: '<= 1.15 x',
  };
}

/** Resident memory once things have settled, and at the end. */
async function memory(start: Start, which: string, say: Workplace['say']): Promise<Figure[]> {
  await using server = await start();
  let answered = 0;
  const settled: number[] = [];
  while (answered < REQUESTS) {
    answered += (await load(server.port, '/docs', LOAD_SECONDS)) * LOAD_SECONDS;
    if (answered > REQUESTS * SETTLED) settled.push(await residentMiB(server.pid));
    say(`memory with telemetry ${which}: ${Math.round(answered).toLocaleString('en')} requests`);
  }
  const third = Math.max(1, Math.floor(settled.length / 3));
  const [early, late] = [settled.slice(0, third), settled.slice(-third)].map((part) => Math.round(median(part)));
  return [
    {
      what: `memory of the built redirects over a million requests, telemetry ${which}: from the first third after warming up to the last`,
      measured: `${early} to ${late} MiB`,
      ...(which === 'on' && { budget: 'flat' }),
    },
  ];
}
