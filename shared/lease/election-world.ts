/**
 * A world for elections on one Lease over the fake API server, in which time is made up: contenders of ours and electors of client-go's kind, each
 * with a wall clock of its own, and a network between them and the server that delays and loses requests and answers as a seed says. Time moves on
 * only when all that is under way has come to rest, so a seed always leads to the same history.
 */
import { readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import type { Clock } from '../clock.ts';
import type { Ids } from '../ids.ts';
import { type ClientGoElector, createClientGoElector, type ForeignLease } from '../testing/client-go-elector.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import type { KubernetesApiServer } from '../testing/kubernetes-api-server.ts';
import { openKubernetesRecords } from './kubernetes-records.ts';
import { createMachine, type Machine } from './machine.ts';
import type { LeaseRecords } from './records.ts';
import { initialState } from './state.ts';
import { timingFor } from './timing.ts';

export interface ElectionWorld {
  readonly name: string;
  /** Milliseconds since it began. */
  readonly now: number;
  readonly random: () => number;
  /** How likely a request is lost or its answer is, and how long each way takes at most. */
  weather: { lost: number; delayMs: number };
  ours(identity: string, durationMs: number): Promise<Contestant & { machine: Machine }>;
  /** Acts of itself unless `idle`. */
  foreign(identity: string, timing?: ForeignTiming): Foreign;
  /** Those who count on the lease at this moment. */
  leaders(): string[];
  /** Moves time on. `check` runs whenever something may have changed. */
  pass(ms: number, check?: () => void): Promise<void>;
  close(): Promise<void>;
}

interface Contestant {
  readonly identity: string;
  leads(): boolean;
  /** Does nothing for so long, whatever comes. */
  pause(ms: number): void;
  /** How far its wall clock is from the world's; may change at any time. */
  wallOffset: number;
}

interface ForeignTiming {
  durationMs: number;
  renewDeadlineMs: number;
  retryMs: number;
  idle?: boolean;
}

type Foreign = Contestant & { elector: ClientGoElector; stop(): void };

const START = Date.parse('2026-01-01T00:00:00Z');
/** How often an elector looks whether something is due, and how long its requests may take. */
const ACT_MS = 50;
const REQUEST_MS = 1_000;

/** The durations that Kubernetes' own components have. */
export const CLIENT_GO: ForeignTiming = { durationMs: 15_000, renewDeadlineMs: 10_000, retryMs: 2_000 };

let made = 0;

export function createElectionWorld(server: KubernetesApiServer, seed: number): ElectionWorld {
  const name = `election-${++made}`;
  const random = randomFrom(seed);
  const contestants: Contestant[] = [];
  const agent = new Agent({ keepAlive: true, ca: readFileSync(join(server.folder, 'ca.crt')) });
  const opened: LeaseRecords[] = [];
  const machines: Machine[] = [];
  let now = 0;
  let sleepers: { at: number; wake: () => void }[] = [];
  let underWay = 0;
  let last: Promise<unknown> = Promise.resolve();

  const sleep: Clock['sleep'] = (ms, signal) =>
    new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const sleeper = { at: now + ms, wake: resolve };
      sleepers.push(sleeper);
      const onAbort = () => {
        sleepers = sleepers.filter((other) => other !== sleeper);
        reject(signal?.reason as Error);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
    });

  function contestant(identity: string, leads: () => boolean): { it: Contestant; clock: Clock } {
    let pausedUntil = 0;
    const it: Contestant = {
      identity,
      leads,
      pause: (ms) => {
        pausedUntil = now + ms;
      },
      wallOffset: Math.round((random() - 0.5) * 7_200_000),
    };
    contestants.push(it);
    const clock: Clock = {
      now: () => START + now + it.wallOffset,
      mono: () => now,
      async sleep(ms, signal) {
        await sleep(ms, signal);
        while (now < pausedUntil) await sleep(pausedUntil - now, signal);
      },
    };
    return { it, clock };
  }

  /** One request on its way there and back. Requests reach the server one after the other. */
  async function travel<T>(send: () => Promise<T>): Promise<T> {
    const [there, back] = [random() * world.weather.delayMs, random() * world.weather.delayMs];
    const mishap = random() < world.weather.lost ? random() : undefined;
    if (there > 0) await sleep(there);
    if (mishap !== undefined && mishap < 0.4) throw new Error('the request was lost');
    underWay++;
    const sent = last.then(send);
    last = sent.catch(() => {});
    await last;
    underWay--;
    if (back > 0) await sleep(back);
    if (mishap !== undefined) throw new Error('the answer was lost');
    return sent;
  }

  const world: ElectionWorld = {
    name,
    get now() {
      return now;
    },
    random,
    weather: { lost: 0, delayMs: 0 },
    async ours(identity, durationMs) {
      const { it, clock } = contestant(identity, () => machine.standing() === 'held');
      const { port, folder } = server;
      const parts = { clock, ids: idsFrom(identity, random), log: createKeptLog() };
      const records = await openKubernetesRecords({
        host: '127.0.0.1',
        port,
        folder,
        store: undefined as never,
        ...parts,
      });
      opened.push(records);
      /** An answer waits until a paused process goes on. */
      const heard = async <T>(answer: Promise<T>) => {
        await answer.catch(() => {});
        await clock.sleep(0);
        return answer;
      };
      const machine = createMachine({
        ...{ name, ...parts, told() {}, settled() {} },
        initial: initialState(identity, timingFor(durationMs, true)),
        records: {
          ...records,
          read: (of) => heard(travel(() => records.read(of))),
          write: (of, write) => heard(travel(() => records.write(of, write))),
        },
      });
      machines.push(machine);
      return Object.assign(it, { machine });
    },
    foreign(identity, timing = CLIENT_GO) {
      const { it, clock } = contestant(identity, () => elector.leads());
      const elector = createClientGoElector({
        ...{ name, identity, clock, ...timing },
        client: (method, object) =>
          Promise.race([
            travel(() => askServer(server, agent, name, method, object)),
            clock.sleep(REQUEST_MS).then(() => Promise.reject(new Error('no answer'))),
          ]),
      });
      const stopped = new AbortController();
      const run = async () => {
        for (;;) {
          await elector.act();
          await clock.sleep(ACT_MS, stopped.signal);
        }
      };
      if (!timing.idle) run().catch(() => {});
      return Object.assign(it, { elector, stop: () => stopped.abort() });
    },
    leaders: () => contestants.filter((each) => each.leads()).map(({ identity }) => identity),
    async pass(ms, check) {
      const end = now + ms;
      const rest = async () => {
        do await new Promise(setImmediate);
        while (underWay > 0);
        check?.();
      };
      for (;;) {
        await rest();
        const next = sleepers.reduce<(typeof sleepers)[number] | undefined>(
          (a, b) => (a && a.at <= b.at ? a : b),
          undefined,
        );
        if (!next || next.at > end) break;
        // Just before something happens is when two may overlap.
        now = Math.max(now, next.at);
        check?.();
        sleepers = sleepers.filter((other) => other !== next);
        next.wake();
      }
      now = end;
      check?.();
    },
    async close() {
      for (const machine of machines) machine.halt();
      await last;
      agent.destroy();
      for (const records of opened) await records.close();
    },
  };
  return world;
}

/** Speaks to the server with nothing that our driver uses. */
async function askServer(
  { port, namespace, folder }: KubernetesApiServer,
  agent: Agent,
  name: string,
  method: 'GET' | 'POST' | 'PUT',
  object?: object,
): Promise<ForeignLease> {
  const leases = `/apis/coordination.k8s.io/v1/namespaces/${namespace}/leases`;
  const token = readFileSync(join(folder, 'token'), 'utf8').trim();
  const { status, body } = await new Promise<{ status: number; body: ForeignLease }>((resolve, reject) => {
    request(
      {
        ...{ host: '127.0.0.1', port, method, agent },
        path: method === 'POST' ? leases : `${leases}/${name}`,
        headers: { Authorization: `Bearer ${token}` },
      },
      (response) => {
        json(response).then(
          (value) => resolve({ status: response.statusCode ?? 0, body: value as ForeignLease }),
          reject,
        );
      },
    )
      .once('error', reject)
      .end(object && JSON.stringify(object));
  });
  if (status >= 300) throw Object.assign(new Error(`status ${status}`), { status });
  return body;
}

function idsFrom(identity: string, random: () => number): Ids {
  let count = 0;
  const unique = () => `${identity}-${++count}`;
  return { unique, code: unique, secret: unique, random };
}

/** The same numbers in [0, 1) for the same seed (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
