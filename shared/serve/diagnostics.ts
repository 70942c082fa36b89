/**
 * What a process is busy with and what fills its memory, for images that have no shell: with HAWKER_DIAGNOSTICS naming a folder, SIGUSR2 makes it
 * record a CPU profile and then a heap snapshot there, and an admin may ask for either (profile-calls.ts). (SIGUSR1 is Node's own, for its inspector.) Nothing of this is
 * loaded, and the signal means what it always does, where the setting names none: a heap holds every secret that the process knows.
 */
import { access, constants, open, readdir, rename, stat, statfs } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Clock } from '../clock.ts';
import { AppError, messageOf } from '../errors.ts';
import type { Log } from '../log.ts';
import { profileCpu } from './cpu-profile.ts';

export type Recording = { kind: 'cpu'; seconds: number } | { kind: 'heap' };

/** Seconds that a profile covers on a signal, unless a second one ends it sooner. */
const SIGNAL_SECONDS = 10;

/** Recordings that a folder may hold, of all processes that write there. Older ones are never removed: somebody may be about to look at them. */
const MOST = { heap: 5, cpu: 20 } as const;
const ENDING = { heap: 'heapsnapshot', cpu: 'cpuprofile' } as const;

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

export interface Diagnostics {
  /**
   * Begins, and answers the name of the file, which is there once it is whole. Throws `request_in_progress` while something else is recorded, `storage_full` where the
   * folder or its disk has no room, `not_configured` where there is no such folder or none that can be written to. What goes wrong later is in the log.
   */
  begin(recording: Recording): Promise<string>;
}

/** Records on each SIGUSR2 from now on, and when it is asked to; one recording at a time. Warns where it could not. */
export function openDiagnostics(options: DiagnosticsOptions): Diagnostics {
  const { folder, clock, log } = options;
  let going: { enough: AbortController; by: 'signal' | 'call' } | undefined;

  const baseName = () =>
    join(folder, `${options.name}-${process.pid}-${new Date(clock.now()).toISOString().replaceAll(/[:.]/g, '')}`);

  const start = (by: 'signal' | 'call'): AbortSignal => {
    going = { enough: new AbortController(), by };
    return going.enough.signal;
  };

  /** Never rejects: a process that serves must not end because somebody looks at it. */
  async function finish(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      log.error('nothing was recorded, or not all of it', { folder, error });
    } finally {
      going = undefined;
    }
  }

  async function cpu(base: string, seconds: number, enough: AbortSignal): Promise<string> {
    log.info('recording a CPU profile', { seconds });
    const path = `${base}.${ENDING.cpu}`;
    await writeWhole(path, Readable.from([await profileCpu(seconds * 1_000, clock, enough)]));
    return path;
  }

  async function heap(base: string): Promise<string> {
    log.info('taking a heap snapshot; nothing is answered meanwhile', { heapBytes: process.memoryUsage().heapUsed });
    const { getHeapSnapshot } = process.getBuiltinModule('node:v8');
    const path = `${base}.${ENDING.heap}`;
    await writeWhole(path, getHeapSnapshot());
    return path;
  }

  void filesIn(folder).catch((error: unknown) => {
    log.warn(
      'HAWKER_DIAGNOSTICS must name a folder that is there and can be read and written; nothing can be recorded',
      {
        ...{ folder, reason: messageOf(error) },
      },
    );
  });

  process.on('SIGUSR2', () => {
    if (going?.by === 'call') return log.info('SIGUSR2 records nothing: a recording that was asked for is being made');
    if (going) return going.enough.abort();
    const signal = start('signal');
    void finish(async () => {
      await assertRoom(folder, 'heap');
      const base = baseName();
      const profile = await cpu(base, SIGNAL_SECONDS, signal);
      log.info('recorded; the heap snapshot holds secrets', { profile, snapshot: await heap(base) });
    });
  });

  return {
    async begin(recording) {
      if (going) throw new AppError('request_in_progress', 'A recording is being made; there is one at a time');
      const signal = start('call');
      try {
        await assertRoom(folder, recording.kind);
      } catch (error) {
        going = undefined;
        throw error;
      }
      const base = baseName();
      void finish(async () => {
        const path = recording.kind === 'cpu' ? await cpu(base, recording.seconds, signal) : await heap(base);
        log.info('recorded', { path, bytes: (await stat(path)).size });
      });
      return `${basename(base)}.${ENDING[recording.kind]}`;
    },
  };
}

/** Throws where there is no folder, where it holds enough recordings already, or where the disk has no room for one more. */
async function assertRoom(folder: string, kind: Recording['kind']): Promise<void> {
  const names = await filesIn(folder);
  const recordings = names.filter((file) => file.replace(/\.part$/, '').endsWith(`.${ENDING[kind]}`));
  if (recordings.length >= MOST[kind])
    throw new AppError('storage_full', `there are ${recordings.length} recordings already; remove some`);
  const { bavail, bsize } = await statfs(folder);
  const needed = (kind === 'heap' ? process.memoryUsage().heapUsed * BYTES_PER_HEAP_BYTE : 0) + SPARE_BYTES;
  if (bavail * bsize < needed)
    throw new AppError('storage_full', `the disk has ${bavail * bsize} bytes left of the ${needed} it takes`);
}

/** Throws `not_configured` where it is no folder, or one that cannot be read or written. Without a cause, whose presence would keep the sentence from who asked. */
async function filesIn(folder: string): Promise<string[]> {
  const refuse = (done: 'read' | 'written') => (error: unknown) => {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    throw new AppError('not_configured', `The folder that HAWKER_DIAGNOSTICS names cannot be ${done} (${code})`);
  };
  const names = await readdir(folder).catch(refuse('read'));
  await access(folder, constants.W_OK | constants.X_OK).catch(refuse('written'));
  return names;
}

/** For the owner alone, and under its name only once it is whole. */
async function writeWhole(path: string, content: Readable): Promise<void> {
  const part = `${path}.part`;
  const file = await open(part, 'wx', 0o600);
  await pipeline(content, file.createWriteStream());
  await rename(part, path);
}
