/** A Hawker with a small invented network and an LTA of its own on loopback, as the tests of the bus page use it. */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type FakeLta, startFakeLta } from '#shared/testing/fake-lta.ts';
import { arrivalBody, type ShortBus, type ShortService } from '#shared/testing/fake-lta-replies.ts';
import { type Hawker, startHawker } from '../support/hawker.ts';

/** A stop at which fifteen services call, and one that is quiet. */
export const BUSY = '17009';
export const QUIET = '17011';

const NAMES = [
  'Clementi Int',
  "S'goon Gdn Circus",
  'Opp Blk 101',
  'Aft Bt Timah Plaza',
  'Marina Ctr Ter',
  "C'wealth Stn Exit B/C",
];
const SERVICES = ['7', '14', '96', '96A', '99', '105', '147', '156', '165', '166', '173', '175', '282', '284', '285'];

export interface BusPage extends AsyncDisposable {
  hawker: Hawker;
  lta: FakeLta;
  /** Of the bus function, with a slash at the end. */
  base: string;
}

export async function startBusPage(env: Record<string, string> = {}): Promise<BusPage> {
  const data = mkdtempSync(join(tmpdir(), 'hawker-bus-'));
  publishLists(data);
  const lta = await startFakeLta();
  lta.setArrivals(BUSY, (now: number) => arrivalBody(BUSY, busyServices(now)));
  const hawker = await startHawker({
    data,
    args: ['--only', 'bus'],
    env: { LTA_BASE_URL: lta.url, LTA_ACCOUNT_KEY: lta.key, ...env },
  });
  return {
    hawker,
    lta,
    base: `http://localhost:${hawker.port}/bus/`,
    async [Symbol.asyncDispose]() {
      await hawker[Symbol.asyncDispose]();
      await lta.close();
      rmSync(data, { recursive: true, force: true });
    },
  };
}

/** Buses of every kind, placed so that no minute ends within the next seconds. */
function busyServices(now: number): ShortService[] {
  const loads = ['SEA', 'SDA', 'LSD'];
  return SERVICES.slice(0, -1).map((service, at) => {
    const bus = (minutes: number, more: Partial<ShortBus> = {}): ShortBus => ({
      eta: now + minutes * 60_000 + 40_000,
      destination: '17005',
      load: loads[(at + minutes) % 3] ?? 'SEA',
      lat: 1.315 + at / 2000,
      lon: 103.765,
      type: at % 2 ? 'DD' : 'SD',
      monitored: at % 4 ? 1 : 0,
      feature: at % 5 ? 'WAB' : '',
      ...more,
    });
    const first = (at * 7) % 20;
    return { service, etas: [bus(first), bus(first + 9), bus(first + 23)] };
  });
}

function publishLists(data: string): void {
  const stops = NAMES.map((Description, at) => ({
    BusStopCode: String(17005 + at * 2),
    RoadName: at % 2 ? 'Kensington Pk Rd' : 'Clementi Ave 3',
    Description,
    Latitude: 1.315 + at / 1000,
    Longitude: 103.765 + at / 1000,
  }));
  const codes = ['17007', BUSY, QUIET, '17013', '17015', '17005'];
  const services = SERVICES.map((ServiceNo) => ({
    ServiceNo,
    Operator: 'SBST',
    Direction: 1,
    Category: 'TRUNK',
    OriginCode: '17007',
    DestinationCode: '17005',
    AM_Peak_Freq: '5-08',
    AM_Offpeak_Freq: '9',
    PM_Peak_Freq: '-',
    PM_Offpeak_Freq: '10-14',
    LoopDesc: '',
  }));
  const routes = SERVICES.flatMap((ServiceNo) =>
    codes
      .filter((code) => code !== QUIET || ServiceNo === '7')
      .map((BusStopCode, at) => ({
        ServiceNo,
        Operator: 'SBST',
        Direction: 1,
        StopSequence: at + 1,
        BusStopCode,
        Distance: at * 0.4,
        WD_FirstBus: '0530',
        WD_LastBus: '2400',
        SAT_FirstBus: '0530',
        SAT_LastBus: '2400',
        SUN_FirstBus: '0600',
        SUN_LastBus: '2345',
      })),
  );
  const files = Object.entries({ stops, services, routes }).map(([name, value]) => {
    const file = join(data, `${name}.json`);
    writeFileSync(file, JSON.stringify({ value }));
    return file;
  });
  const root = join(import.meta.dirname, '../..');
  execFileSync(process.execPath, [join(root, 'scripts/bus.ts'), 'sync', ...files.flatMap((file) => ['--file', file])], {
    cwd: root,
    env: { PATH: process.env['PATH'], HAWKER_DATA: data },
    stdio: 'pipe',
    timeout: 30_000,
  });
}
