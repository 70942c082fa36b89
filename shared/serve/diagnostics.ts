/**
 * What a process is busy with and what fills its memory, for images that have no shell: with HAWKER_DIAGNOSTICS naming a folder, SIGUSR2 makes it
 * record a CPU profile and then a heap snapshot there. (SIGUSR1 is Node's own, for its inspector.) Nothing of this is loaded, and the signal means
 * what it always does, where the setting names none: a heap holds every secret that the process knows.
 */
import { open, readdir, rename, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';

/** Milliseconds that a profile covers, unless a second signal ends it sooner. */
const PROFILE_MS = 10_000;

/** Recordings that a folder may hold, of all processes that write there. Older ones are never removed: somebody may be about to look at them. */
const MOST_RECORDINGS = 5;

/** A snapshot takes about as much as the heap, seldom twice as much; and the disk must not be full of it afterwards. */
const BYTES_PER_HEAP_BYTE = 3;
const SPARE_BYTES = 64 * 1024 * 1024;

export interface DiagnosticsOptions {
  /** Where recordings go; it must be there. */
  folder: string;
  /** In the files' names: `<name>-<pid>-<time>`. */
  name: string;
  clock: Clock;
  log: Log;
}

/** Records on each SIGUSR2 from now on, one recording at a time. */
export function recordOnSignal(options: DiagnosticsOptions): void {
  let recording: AbortController | undefined;
  process.on('SIGUSR2', () => {
    if (recording) return recording.abort();
    recording = new AbortController();
    void record(options, recording.signal).then(() => {
      recording = undefined;
    });
  });
}

/** Never rejects: a process that serves must not end because somebody looks at it. */
async function record(options: DiagnosticsOptions, enough: AbortSignal): Promise<void> {
  const { folder, name, clock, log } = options;
  try {
    await assertRoom(folder);
    const base = join(folder, `${name}-${process.pid}-${new Date(clock.now()).toISOString().replaceAll(/[:.]/g, '')}`);
    log.info('recording a CPU profile', { seconds: PROFILE_MS / 1000 });
    await writeWhole(`${base}.cpuprofile`, Readable.from([await profileCpu(clock, enough)]));
    log.info('taking a heap snapshot; nothing is answered meanwhile', { heapBytes: process.memoryUsage().heapUsed });
    const { getHeapSnapshot } = process.getBuiltinModule('node:v8');
    await writeWhole(`${base}.heapsnapshot`, getHeapSnapshot());
    log.info('recorded; the heap snapshot holds secrets', {
      profile: `${base}.cpuprofile`,
      snapshot: `${base}.heapsnapshot`,
    });
  } catch (error) {
    log.error('nothing was recorded, or not all of it', { folder, error });
  }
}

/** Throws where the folder holds enough recordings already, or the disk has no room for one more. */
async function assertRoom(folder: string): Promise<void> {
  const recordings = (await readdir(folder)).filter((file) => /\.heapsnapshot(?:\.part)?$/.test(file));
  if (recordings.length >= MOST_RECORDINGS)
    throw new Error(`there are ${recordings.length} recordings already; remove some`);
  const { bavail, bsize } = await statfs(folder);
  const needed = process.memoryUsage().heapUsed * BYTES_PER_HEAP_BYTE + SPARE_BYTES;
  if (bavail * bsize < needed) throw new Error(`the disk has ${bavail * bsize} bytes left of the ${needed} it takes`);
}

/** The profile as JSON, which Chrome's developer tools, VS Code and `speedscope` open. */
async function profileCpu(clock: Clock, enough: AbortSignal): Promise<string> {
  const { Session } = await import('node:inspector/promises');
  const session = new Session();
  session.connect();
  try {
    await session.post('Profiler.enable');
    await session.post('Profiler.start');
    await clock.sleep(PROFILE_MS, enough).catch(() => undefined);
    const { profile } = await session.post('Profiler.stop');
    return JSON.stringify(profile);
  } finally {
    session.disconnect();
  }
}

/** For the owner alone, and under its name only once it is whole. */
async function writeWhole(path: string, content: Readable): Promise<void> {
  const part = `${path}.part`;
  const file = await open(part, 'wx', 0o600);
  await pipeline(content, file.createWriteStream());
  await rename(part, path);
}
