/** Made-up lists as large as Singapore's: 5,200 stops with names of the same kind, and services through them. */

import type { Network } from '#shared/bus/lists.ts';
import { createLists } from '#shared/bus/lists-reader.ts';
import { publish } from '#shared/bus/publish.ts';
import { openEmbedded } from './data.ts';

export const STOPS_COUNT = 5_200;
export const STOP = '83139';
const SERVICES = 400;
const STOPS_OF_SERVICE = 65;

const PLACES = [
  'Bedok',
  'Tampines',
  "S'goon",
  "C'wealth",
  'Bt Timah',
  'Tg Pagar',
  'Jurong East',
  'Yishun',
  'Ang Mo Kio',
  'Toa Payoh',
  'Clementi',
  'Hougang',
];
const KINDS = ['Stn', 'Int', 'Pk', 'Ctr', 'Sch', 'CC', 'Gdn', 'Ind Est', 'Blk 1', 'Ter', 'Hts', 'Mkt'];
const SIDES = ['', 'Opp ', 'Aft ', 'Bef '];
const ROADS = ['Ave', 'Rd', 'St', 'Dr', 'Cres', 'Link'];

/** The same in each run: a small linear congruential generator (Numerical Recipes, section 7.1). */
function createDice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Publishes them into the embedded folder and answers them as they are read again. */
export async function publishLists(folder: string): Promise<Network> {
  await using runtime = await openEmbedded(folder);
  const dice = createDice(1);
  const pick = (values: readonly string[]) => values[dice(values.length)] ?? '';
  const codes = Array.from({ length: STOPS_COUNT }, (_, n) => (n === 0 ? STOP : `${1_000 + n * 15}`.padStart(5, '0')));
  const stops = codes.map((code) => ({
    BusStopCode: code,
    RoadName: `${pick(PLACES)} ${pick(ROADS)} ${1 + dice(90)}`,
    Description: `${pick(SIDES)}${pick(PLACES)} ${pick(KINDS)}`,
    Latitude: 1.26 + dice(2_000) / 10_000,
    Longitude: 103.65 + dice(3_500) / 10_000,
  }));
  const routes = Array.from({ length: SERVICES }, (_, n) =>
    Array.from({ length: STOPS_OF_SERVICE }, (_, place) => ({
      ServiceNo: `${n + 1}`,
      Operator: 'SBST',
      Direction: 1,
      StopSequence: place + 1,
      BusStopCode: place === 3 && n < 5 ? STOP : codes[1 + ((n * 13 + place) % (STOPS_COUNT - 1))],
      Distance: place * 0.4,
      WD_FirstBus: '0000',
      WD_LastBus: '2359',
      SAT_FirstBus: '0000',
      SAT_LastBus: '2359',
      SUN_FirstBus: '0000',
      SUN_LastBus: '2359',
    })),
  ).flat();
  await publish({ ...runtime, from: 'file', rows: { stops, routes } });
  return await createLists(runtime).current();
}
