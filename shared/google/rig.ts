/** What the tests of Google's clients share: them on a clock that stands still, and waits that pass as soon as they begin. */
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { loadConfig } from '../config.ts';
import { systemIds } from '../ids.ts';
import { createFakeClock, type FakeClock } from '../testing/fake-clock.ts';
import { startFakeGoogle } from '../testing/google/start.ts';
import { createKeptLog, type KeptLog } from '../testing/kept-log.ts';
import type { Identity } from './google.ts';
import { openGoogle } from './index.ts';

export const OWN: Identity = { type: 'own' };
/** Of a call that has all the time it wants. */
export const ample = { signal: new AbortController().signal };

type Fake = Parameters<typeof startFakeGoogle>[0];

/** `environment`: where the fake's address is put, so that credentials come from it. The fake and the clients have one clock. */
export async function startRig(
  environment: Record<string, string | undefined>,
  { settings = {}, fake = {}, random = 0 }: { settings?: Record<string, string>; fake?: Fake; random?: number } = {},
) {
  const clock = createFakeClock();
  const log = createKeptLog();
  const server = await startFakeGoogle({ clock, ...fake });
  Object.assign(environment, server.env);
  const google = openGoogle(loadConfig({ ...server.env, ...settings }), {
    clock,
    log,
    ids: { ...systemIds, random: () => random },
  });
  return {
    clock,
    log,
    server,
    google,
    own: google.as(OWN),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** Lets the waits between attempts pass; answers how the work ended, and how long each of them was, in milliseconds. */
export async function skipping<T>(
  { clock, log }: { clock: FakeClock; log: KeptLog },
  work: Promise<T>,
): Promise<{ result: T | undefined; error: unknown; waits: number[] }> {
  const waits: number[] = [];
  let ended = false;
  let seen = log.lines.length;
  const outcome = work
    .then(
      (result) => ({ result, error: undefined }),
      (error: unknown) => ({ result: undefined, error }),
    )
    .finally(() => {
      ended = true;
    });
  while (!ended) {
    await new Promise(setImmediate);
    for (const { wait_ms: wait } of log.lines.slice(seen)) {
      if (typeof wait !== 'number') continue;
      waits.push(wait);
      await clock.advance(wait);
    }
    seen = log.lines.length;
  }
  return { ...(await outcome), waits };
}

/** Everything that could be told of a thrown value, or of a line of the log. */
export function told(value: unknown): string {
  if (!(value instanceof Error)) return JSON.stringify(value);
  const own = Object.getOwnPropertyNames(value).map((name) => (value as unknown as Record<string, unknown>)[name]);
  return own.map((part) => (part instanceof Error ? told(part) : `${String(part)} ${JSON.stringify(part)}`)).join(' ');
}

/** A server on loopback; its address ends with a word that nobody may tell. */
export async function serve(listener: RequestListener) {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    server,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/secret`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
