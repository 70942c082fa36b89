/** The routes of this folder as tests call them, over any network and, where a test wants one, an LTA on loopback behind the real feed. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Boards } from '#shared/bus/boards.ts';
import type { ListSource, Network, Route, Stop, Times } from '#shared/bus/lists.ts';
import { createNetwork } from '#shared/bus/network.ts';
import { createBoards } from '#shared/bus/open-boards.ts';
import { createCalendar } from '#shared/bus/singapore-calendar.ts';
import { loadConfig } from '#shared/config.ts';
import { AppError } from '#shared/errors.ts';
import { createApi } from '#shared/http/api.ts';
import { createApp } from '#shared/http/app.ts';
import { systemIds } from '#shared/ids.ts';
import { openLta } from '#shared/lta/index.ts';
import { type Ask, createAsk } from '#shared/testing/api-client.ts';
import { createFakeClock, type FakeClock } from '#shared/testing/fake-clock.ts';
import { type FakeLta, startFakeLta } from '#shared/testing/fake-lta.ts';
import { createKeptLog } from '#shared/testing/kept-log.ts';
import type { Context } from '../context.ts';
import { stopRoutes } from './routes.ts';

/** A Thursday at noon in Singapore. */
export const NOON = Date.parse('2026-01-08T04:00:00Z');
export const FETCHED = '2026-01-08T00:00:00.000Z';

const ALL_DAY = { first: '0530', last: '2400' };
const EVERY_DAY: Times = { weekday: ALL_DAY, saturday: ALL_DAY, sunday: ALL_DAY };

export function stopAt(code: string, name: string, road = 'Some Rd', lat = 1.35, lon = 103.82): Stop {
  return { code, name, road, lat, lon };
}

/** A direction that passes these stops, 1 km apart. */
export function routeOver(service: string, codes: readonly string[], given: Partial<Route> = {}): Route {
  return {
    service,
    direction: 1,
    operator: 'SBST',
    category: 'TRUNK',
    origin: codes[0] ?? '',
    destination: codes.at(-1) ?? '',
    stops: codes.map((code, i) => ({ code, sequence: i + 1, distanceKm: i, times: EVERY_DAY })),
    ...given,
  };
}

/** As if fetched from LTA; lists that are not given were never loaded. */
export function networkOf(given: { stops?: readonly Stop[]; routes?: readonly Route[]; version?: string }): Network {
  const { stops = [], routes = [], version = 'v1' } = given;
  const source = (rows: number): ListSource => ({ from: 'datamall', at: FETCHED, rows });
  return createNetwork({
    version,
    stops,
    routes,
    sources: {
      ...(given.stops && { stops: source(stops.length) }),
      ...(given.routes && { services: source(routes.length), routes: source(routes.length) }),
    },
  });
}

export interface StopsApp extends AsyncDisposable {
  ask: Ask;
  clock: FakeClock;
  /** What is current from now on. */
  publish(network: Network): void;
  /** Where it was asked for; its key is set. */
  lta: FakeLta;
}

export async function createStopsApp(
  network: Network,
  given: { withLta?: boolean; boards?: Boards; now?: number } = {},
): Promise<StopsApp> {
  const clock = createFakeClock(given.now ?? NOON);
  const log = createKeptLog();
  const fake = given.withLta ? await startFakeLta({ clock }) : undefined;
  const config = loadConfig(fake ? { LTA_ACCOUNT_KEY: fake.key, LTA_BASE_URL: fake.url } : {});
  const lta = openLta(config, { clock, ids: systemIds, log });
  const calendar = createCalendar([]);
  let current = network;
  const lists = { current: () => Promise.resolve(current) };
  const boards = given.boards ?? createBoards({ lists, lta: () => Promise.resolve(lta), clock, calendar });

  const app = createApp({ log, ids: systemIds, clock });
  const api = createApi({
    app,
    title: 'Stops',
    about: '',
    prefix: '',
    authenticate: () => Promise.reject(new AppError('unauthenticated', 'Nothing here takes credentials')),
    idempotency: (_, work) => work(),
  });
  // These routes look at no more of the context than this.
  stopRoutes(api, { lists, boards, calendar, clock } as unknown as Context);
  return {
    ask: createAsk((request) => app.fetch(request)),
    clock,
    publish(next) {
      current = next;
    },
    get lta() {
      if (!fake) throw new Error('this test has asked for no LTA');
      return fake;
    },
    async [Symbol.asyncDispose]() {
      await fake?.close();
    },
  };
}

/** LTA's list of stops, where a copy lies beside the project; the project itself has none. */
export function realNetwork(): Network | undefined {
  const file = join(import.meta.dirname, '../../../../shared/data/bus/bus-stops.datamall.json');
  let rows: { BusStopCode: string; Description: string; RoadName: string; Latitude: number; Longitude: number }[];
  try {
    rows = JSON.parse(readFileSync(file, 'utf8')) as typeof rows;
  } catch {
    return undefined;
  }
  return networkOf({
    stops: rows.map((row) => stopAt(row.BusStopCode, row.Description, row.RoadName, row.Latitude, row.Longitude)),
  });
}
