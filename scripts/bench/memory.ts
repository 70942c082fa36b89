/** Resident memory of `npm start`, idle. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Figure, Workplace } from './part.ts';
import { residentMiB } from './resident.ts';
import { EVERYTHING, startServer } from './servers.ts';

const IDLE_MS = 5_000;

export async function memory({ folder, say }: Workplace): Promise<Figure[]> {
  await using server = await startServer(EVERYTHING, folder, { host: 'localhost', path: '/healthz', status: 200 });
  say(`idle for ${IDLE_MS / 1_000} s`);
  await sleep(IDLE_MS);
  return [
    { what: 'memory of `npm start`, idle', measured: `${await residentMiB(server.pid)} MiB`, budget: '<= 150 MiB' },
  ];
}
