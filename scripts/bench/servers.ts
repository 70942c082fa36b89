/** Servers under measurement, each in a process of its own and on a free loopback port. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { get } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../loopback.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const START_MS = 20_000;
const STOP_MS = 10_000;

export const HOST = 'bench.localhost';

/** What to run, from the project's root. */
export const BARE = 'scripts/bench/bare-server.mjs';
export const BARE_JSON = 'scripts/bench/bare-json-server.mjs';
export const BUILT_REDIRECTS = 'dist/redirects/index.js';
export const BUILT_BUS = 'dist/bus/index.js';
export const BUILT_SLIDES = 'dist/slides/index.js';
export const BUILT_SLIDES_IMAGES = 'dist/slides-images/index.js';
/** Answers 200 to everything. */
export const OTLP_SINK = 'scripts/bench/otlp-sink.mjs';
export const EVERYTHING = 'scripts/start.ts';

export interface Server {
  port: number;
  pid: number;
  /** From the spawn to the last byte of the first answer, in milliseconds. */
  startMs: number;
}

export interface StartOptions {
  /** What the first request asks for, and the status that says it is up. */
  path?: string;
  host?: string;
  status?: number;
  headers?: Record<string, string>;
  settings?: Record<string, string>;
  /** A free one by default. */
  port?: number;
}

const living = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of living) child.kill('SIGKILL');
});

/** Starts a program and asks it for `path` until it gives the expected status. Ends with the scope: `await using`. */
export async function startServer(
  program: string,
  data: string,
  { path = '/docs', host = HOST, status = 302, settings = {}, headers = {}, port }: StartOptions = {},
): Promise<Server & AsyncDisposable> {
  const at = port ?? (await freePort());
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(?:HAWKER_|OTEL_|PYROSCOPE_|LTA_|GOOGLE_|GCE_|METADATA_|K_SERVICE$|.*_EMULATOR_HOST$)/.test(name),
  );
  const env = { ...Object.fromEntries(own), PORT: `${at}`, HAWKER_HOST: '127.0.0.1', HAWKER_DATA: data, ...settings };
  const started = performance.now();
  const child = spawn(process.execPath, [join(ROOT, program)], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  living.add(child);
  child.once('exit', () => living.delete(child));
  const stop = () => endProcess(child);
  try {
    while ((await statusOf(at, path, { ...headers, host })) !== status) {
      if (child.exitCode !== null) throw new Error(`${program} ended with ${child.exitCode}`);
      if (performance.now() - started > START_MS) throw new Error(`${program} gave no ${status} for ${path}`);
      await sleep(1);
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { port: at, pid: child.pid ?? 0, startMs: performance.now() - started, [Symbol.asyncDispose]: stop };
}

async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
  await ended;
  clearTimeout(late);
}

/** The status of one answer; undefined where nothing listens yet. */
function statusOf(port: number, path: string, headers: Record<string, string>): Promise<number | undefined> {
  return new Promise((resolve) => {
    get({ port, host: '127.0.0.1', path, headers, agent: false, timeout: 5_000 }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode));
    })
      .once('timeout', () => resolve(undefined))
      .once('error', () => resolve(undefined));
  });
}
