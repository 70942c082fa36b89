/**
 * The one place that loads PGlite, a PostgreSQL compiled to WebAssembly (26 MB on disk); reached by `await import()`. This file is also the thread that it works on: a statement that takes long holds up nobody else,
 * and one that never ends can be ended.
 */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

/** From the thread: that it can be asked, the answer to the oldest question, or why it is of no more use. */
export type PgliteTold = { ready: true } | { answer: Uint8Array } | { failed: string };

const MARK = 'hawker pglite';
const BUFFERS = 'shared_buffers=16MB';

/** It is sent whole messages of PostgreSQL's protocol, and answers each posting by one. `extensions` by their names in SQL; those that PGlite lacks are passed over. */
export function startPgliteThread(extensions: readonly string[]): Worker {
  return new Worker(new URL(import.meta.url), {
    workerData: { mark: MARK, extensions },
    env: {},
    stdout: true,
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: 256 },
  });
}

async function work(wanted: readonly string[]): Promise<void> {
  const tell = (told: PgliteTold) => parentPort?.postMessage(told);
  try {
    const { PGlite } = await import('@electric-sql/pglite');
    const found = await Promise.all(wanted.map(async (name) => [name, await extension(name)]));
    const extensions = Object.fromEntries(found.filter(([, one]) => one !== undefined));
    const server = await PGlite.create({ extensions, postgresqlconf: [BUFFERS] });
    parentPort?.on('message', (asked: Uint8Array) => {
      server.execProtocolRaw(asked, { syncToFs: false }).then(
        (answer) => tell({ answer }),
        (error: unknown) => tell({ failed: String(error) }),
      );
    });
    tell({ ready: true });
  } catch (error) {
    tell({ failed: String(error) });
  }
}

async function extension(name: string): Promise<unknown> {
  const called = name.replaceAll('-', '_');
  if (!/^[a-z_]{1,40}$/.test(called)) return undefined;
  try {
    return ((await import(`@electric-sql/pglite/contrib/${called}`)) as Record<string, unknown>)[called];
  } catch {
    return undefined;
  }
}

const { mark, extensions } = (workerData ?? {}) as { mark?: unknown; extensions?: readonly string[] };
if (!isMainThread && mark === MARK) await work(extensions ?? []);
