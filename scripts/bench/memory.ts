/** Resident memory of `npm start`, idle. */
import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { Figure, Workplace } from './part.ts';
import { EVERYTHING, startServer } from './servers.ts';

const IDLE_MS = 5_000;

export async function memory({ folder, say }: Workplace): Promise<Figure[]> {
  await using server = await startServer(EVERYTHING, folder, { host: 'localhost', path: '/healthz', status: 200 });
  say(`idle for ${IDLE_MS / 1_000} s`);
  await sleep(IDLE_MS);
  const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', `${server.pid}`]);
  return [
    { what: 'memory of `npm start`, idle', measured: `${Math.round(Number(stdout) / 1024)} MiB`, budget: '<= 150 MiB' },
  ];
}
