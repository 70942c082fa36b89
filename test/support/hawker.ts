/** A real Hawker in a process of its own, on a free port and a folder of its own, for tests that use it as its users do. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { answers } from '../../scripts/loopback.ts';

export const ADMIN_KEY = 'test-admin-key-0123456789';

export interface Reply {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  /** The body as JSON; throws where it is none. */
  json<T = Record<string, unknown>>(): T;
}

export interface Ask {
  method?: string;
  /** The Host header; the console by default. */
  host?: string;
  headers?: Record<string, string>;
  /** An object goes as JSON. */
  body?: string | object;
  /** Leaves out the admin key. */
  anonymous?: boolean;
}

export interface Hawker extends AsyncDisposable {
  port: number;
  data: string;
  child: ChildProcess;
  /** Everything it printed so far. */
  output(): string;
  ask(path: string, ask?: Ask): Promise<Reply>;
  /** Sends the signal and resolves with the exit code, or null where a signal ended it. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

export interface StartOptions {
  env?: Record<string, string>;
  args?: string[];
  /** The program; scripts/start.ts by default. */
  script?: string;
  /** A data folder to keep; one that is removed afterwards by default. */
  data?: string;
  /** Another program in place of this Node, and where and as whom it runs. */
  spawn?: { command: string; cwd: string; uid?: number; gid?: number };
  /** It is ready when it answers on this port; otherwise when it says so. */
  answersOn?: number;
}

const ROOT = join(import.meta.dirname, '../..');

/** Settings of the machine must not leak into a test; the emulators' addresses are passed where the test asks for them. */
function cleanEnvironment(): Record<string, string> {
  const kept = Object.entries(process.env).filter(
    ([name]) =>
      !/^(?:HAWKER_|OTEL_|PYROSCOPE_|LTA_|GOOGLE_|GCE_|METADATA_|STORAGE_|PORT$|K_SERVICE|FIRESTORE_|PUBSUB_|NODE_TEST)/.test(
        name,
      ),
  );
  return Object.fromEntries(kept) as Record<string, string>;
}

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Runs it and waits for its end: for starts that must fail. */
export async function runToEnd(options: StartOptions): Promise<Ended> {
  const child = spawnHawker(options, options.data ?? join(tmpdir(), 'hawker-never-made'));
  let stdout = '';
  let stderr = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    stdout += chunk.toString();
  });
  child.stderr?.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const code = await exited(child, 20_000);
  return { code, stdout, stderr };
}

export async function startHawker(options: StartOptions = {}): Promise<Hawker> {
  const data = options.data ?? mkdtempSync(join(tmpdir(), 'hawker-'));
  const child = spawnHawker(options, data);
  let output = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const port = await new Promise<number>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`not ready in 20 s: ${output}`)), 20_000);
    const { answersOn } = options;
    if (answersOn !== undefined)
      void answers(`http://127.0.0.1:${answersOn}/`, 19_000).then((inTime) => {
        if (!inTime) return;
        clearTimeout(timer);
        resolve(answersOn);
      });
    child.once('exit', (code) => reject(new Error(`ended with ${code} before it was ready: ${output}`)));
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on('line', (line) => {
      output += `${line}\n`;
      const found = line.includes('"ready"') && (/"port":(\d+)/.exec(line) ?? /:(\d+)\/"/.exec(line));
      if (!found || answersOn !== undefined) return;
      clearTimeout(timer);
      resolve(Number(found[1]));
    });
  });
  const stop = async (signal: NodeJS.Signals = 'SIGTERM') => {
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    const end = exited(child, 15_000);
    child.kill(signal);
    return end;
  };
  return {
    port,
    data,
    child,
    output: () => output,
    ask: (path, ask) => send(port, path, ask),
    stop,
    async [Symbol.asyncDispose]() {
      await stop('SIGKILL');
      if (!options.data) rmSync(data, { recursive: true, force: true });
    },
  };
}

function spawnHawker(options: StartOptions, data: string): ChildProcess {
  const script = options.script ?? join(ROOT, 'scripts/start.ts');
  const env = { ...cleanEnvironment(), PORT: '0', HAWKER_DATA: data, HAWKER_ADMIN_KEY: ADMIN_KEY, ...options.env };
  const { command, ...where } = options.spawn ?? { command: process.execPath, cwd: ROOT };
  return spawn(command, [script, ...(options.args ?? [])], { ...where, env, stdio: ['ignore', 'pipe', 'pipe'] });
}

function exited(child: ChildProcess, withinMs: number): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`did not end within ${withinMs} ms`));
    }, withinMs);
    child.once('exit', (code) => {
      clearTimeout(timer);
      resolve(code);
    });
  });
}

/** One request over a connection of its own; the path goes out as given, byte for byte. */
export function send(port: number, path: string, ask: Ask = {}): Promise<Reply> {
  const json = typeof ask.body === 'object';
  const body = json ? JSON.stringify(ask.body) : (ask.body as string | undefined);
  const headers: Record<string, string> = {
    Host: ask.host ?? `localhost:${port}`,
    ...(!ask.anonymous && !ask.host && { Authorization: `Bearer ${ADMIN_KEY}` }),
    ...(json && { 'Content-Type': 'application/json' }),
    ...(body !== undefined && { 'Content-Length': String(Buffer.byteLength(body)) }),
    ...ask.headers,
  };
  return new Promise((resolve, reject) => {
    const request = httpRequest({
      host: '127.0.0.1',
      port,
      path,
      method: ask.method ?? 'GET',
      headers,
      agent: false,
      timeout: 15_000,
    });
    request.on('timeout', () => request.destroy(new Error(`no answer to ${path} in 15 s`)));
    request.on('error', reject);
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text,
          json: <T>() => JSON.parse(text) as T,
        });
      });
    });
    request.end(body);
  });
}

/** Asks again until `accept` is content with the answer, at most `withinMs`: for what becomes true a little later, such as counts. */
export async function until<T>(read: () => Promise<T>, accept: (value: T) => boolean, withinMs = 10_000): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const value = await read();
    if (accept(value)) return value;
    if (performance.now() > deadline) throw new Error(`still not so after ${withinMs} ms: ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
