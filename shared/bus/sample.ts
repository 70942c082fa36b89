/**
 * A small invented network that stands in where no lists were ever loaded, so that everything can be tried without a key and without LTA's data.
 *
 * No stop of Singapore has a code from 99990 on. At 99999, 99998 and 99997, which the compact form knows as its demo, exactly 55 and 44 call, at any hour. The others
 * show what else there is: 8 is a loop that passes 99992 twice, 7 calls at 99993 in both directions, 10e runs on weekday mornings and 9N at night.
 */
import { ALWAYS_DEMO } from './demo.ts';
import type { Network, Route, RouteStop, Stop, Times } from './lists.ts';
import { createNetwork } from './network.ts';
import { type Hours, timesAfter } from './sample-times.ts';

const STOPS: readonly Stop[] = [
  { code: '99990', name: 'Demo Ter', road: 'Sample Rd', lat: 1.3642, lon: 103.8468 },
  { code: '99991', name: 'Bt Hawker Stn', road: 'Demo Ave 1', lat: 1.3661, lon: 103.8479 },
  { code: '99992', name: "S'goon Demo Gdn", road: 'Demo Ave 1', lat: 1.3672, lon: 103.8501 },
  { code: '99993', name: 'Opp Sample Pk', road: 'Sample Rd', lat: 1.3649, lon: 103.849 },
  { code: '99994', name: 'Blk 9', road: 'Demo St 9', lat: 1.3663, lon: 103.8522 },
  { code: '99995', name: 'Bef Jln Sample', road: 'Jln Sample', lat: 1.3688, lon: 103.8524 },
  { code: '99996', name: 'Demo Int', road: 'Sample Ctrl', lat: 1.3671, lon: 103.8545 },
  { code: '99997', name: 'Aft Demo Sch', road: 'Demo Ave 2', lat: 1.3637, lon: 103.8512 },
  { code: '99998', name: 'Opp Demo CC', road: 'Demo Ave 2', lat: 1.3645, lon: 103.8531 },
  { code: '99999', name: 'Demo Mkt', road: 'Demo Ave 2', lat: 1.3654, lon: 103.8551 },
];

/** The codes of the sample's stops, as they are told: those that always answer come first. */
export const DEMO_STOPS: ReadonlySet<string> = new Set(STOPS.map(({ code }) => code).reverse());

/** Those of them that can be shown beside `network`: once lists are loaded, the ones alone that always answer. Undefined: no list can be had. */
export function demoStops(network: Network | undefined): ReadonlySet<string> {
  return network?.sources.stops?.from === 'sample' ? DEMO_STOPS : ALWAYS_DEMO;
}

const ALL_DAY: Hours = {
  weekday: { first: '0530', last: '2400' },
  saturday: { first: '0530', last: '2400' },
  sunday: { first: '0600', last: '2345' },
};
/** A whole service day, so that there is always a bus. */
const ALWAYS: Times = {
  weekday: { first: '0400', last: '0359' },
  saturday: { first: '0400', last: '0359' },
  sunday: { first: '0400', last: '0359' },
};
const TILL_LATE: Hours = {
  weekday: { first: '0515', last: '2355' },
  saturday: { first: '0515', last: '0020' },
  sunday: { first: '0545', last: '2355' },
};
const WEEKDAY_MORNINGS: Hours = { weekday: { first: '0700', last: '0900' } };
/** As LTA writes a service that begins at half past eleven in the evening and ends at two. */
const NIGHTS: Hours = { weekday: { first: '2330', last: '0200' }, saturday: { first: '2330', last: '0200' } };

const DAYTIME = { amPeak: '6-10', amOffpeak: '10-14', pmPeak: '8-12', pmOffpeak: '12-15' };

const ROUTES: readonly Route[] = [
  trunk('7', 1, ALL_DAY, ['99990', '99993', '99994', '99996']),
  trunk('7', 2, ALL_DAY, ['99996', '99995', '99993', '99990']),
  {
    ...trunk('8', 1, TILL_LATE, ['99996', '99995', '99992', '99991', '99992', '99994', '99996']),
    category: 'FEEDER',
    loop: 'Demo Ave 1',
  },
  {
    ...trunk('9N', 1, NIGHTS, ['99996', '99994', '99992', '99991', '99990']),
    category: 'NIGHT SERVICE',
    frequency: { amPeak: '-', amOffpeak: '-', pmPeak: '-', pmOffpeak: '30' },
  },
  {
    ...trunk('10e', 1, WEEKDAY_MORNINGS, ['99990', '99991', '99996']),
    category: 'EXPRESS',
    frequency: { amPeak: '12-15', amOffpeak: '-', pmPeak: '-', pmOffpeak: '-' },
  },
  trunk('44', 1, ALL_DAY, ['99993', '99997', '99998', '99999', '99996']),
  trunk('55', 1, TILL_LATE, ['99990', '99997', '99998', '99999', '99995']),
];

/** Half a kilometre and two minutes from stop to stop. */
function trunk(service: string, direction: 1 | 2, hours: Hours, codes: readonly [string, ...string[]]): Route {
  return {
    service,
    direction,
    operator: 'SBST',
    category: 'TRUNK',
    origin: codes[0],
    destination: codes.at(-1) ?? codes[0],
    frequency: DAYTIME,
    stops: codes.map(
      (code, index): RouteStop => ({
        code,
        sequence: index + 1,
        distanceKm: index * 0.5,
        times: ALWAYS_DEMO.has(code) ? ALWAYS : timesAfter(hours, index * 2),
      }),
    ),
  };
}

/** The sample as a network: version `sample`, from `sample`. */
export function sampleNetwork(): Network {
  return createNetwork({
    version: 'sample',
    sources: {
      stops: { from: 'sample', at: MADE_AT, rows: STOPS.length },
      services: { from: 'sample', at: MADE_AT, rows: ROUTES.length },
      routes: { from: 'sample', at: MADE_AT, rows: ROUTES.reduce((rows, { stops }) => rows + stops.length, 0) },
    },
    stops: STOPS,
    routes: ROUTES,
  });
}

/** It was never fetched; this is when it was made up. */
const MADE_AT = '2026-11-01T00:00:00.000Z';
