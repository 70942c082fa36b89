import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Resident memory of a process in MiB. */
export async function residentMiB(pid: number): Promise<number> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', `${pid}`]);
  return Math.round(Number(stdout) / 1024);
}
