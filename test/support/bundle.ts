/**
 * The built functions as the cloud has them: each in a process of its own with Firestore and Pub/Sub behind it (their emulators), events pushed to its address,
 * schedules called as Cloud Scheduler calls them, and in front of all a server that does what host names do there.
 */

import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MANIFEST } from '#functions/manifest.ts';
import { subscriptionsOf } from '#shared/define.ts';
import { freePort } from '../../scripts/loopback.ts';
import { type Hawker, type StartOptions, send, startHawker } from './hawker.ts';

const ROOT = join(import.meta.dirname, '../..');
const FRAMEWORK = join(ROOT, 'node_modules/@google-cloud/functions-framework/build/src/main.js');

/** Hawker, however many processes it is. */
export interface Place extends AsyncDisposable {
  port: number;
  ask: Hawker['ask'];
  /** Has a schedule fire, where it does not by itself: as Cloud Scheduler, which comes twice with one firing now and then. Answers the statuses. */
  fire(name: string): Promise<number[]>;
}

export interface Asked {
  /** The functions that are needed. */
  only: string[];
  env?: Record<string, string>;
}

/** How a place is started; each has data of its own. */
export type StartPlace = (asked: Asked) => Promise<Place>;

/** `npm start` with these settings: schedules fire by themselves. */
export const everythingInOne =
  (settings: Record<string, string> = {}): StartPlace =>
  async ({ only, env }) => {
    const port = await freePort();
    const own = { PORT: `${port}`, HAWKER_PUBLIC_URL: `http://localhost:${port}` };
    const hawker = await startHawker({ args: ['--only', only.join()], env: { ...own, ...settings, ...env } });
    return { ...hawker, fire: async () => [] };
  };

export interface Emulated {
  firestore: string;
  pubsub: string;
}

/** Each function of `dist` by itself, or under functions-framework where its row says that it is an app. */
export const apart =
  (dist: string, emulated: Emulated, by: 'itself' | 'framework'): StartPlace =>
  async ({ only, env }) => {
    const project = `e2e-${randomBytes(5).toString('hex')}`;
    const ports = new Map(await Promise.all(only.map(async (name) => [name, await freePort()] as const)));
    await subscribe(emulated.pubsub, project, ports);
    // What stands for a database that all of them reach is a file here: the sample of migrations.
    const data = mkdtempSync(join(tmpdir(), 'hawker-'));
    const started: AsyncDisposable[] = [];
    const dispose = async () => {
      await Promise.all(started.map((each) => each[Symbol.asyncDispose]()));
      rmSync(data, { recursive: true, force: true });
    };
    const settings = {
      HAWKER_HOST: '127.0.0.1',
      HAWKER_STORE: 'firestore',
      HAWKER_QUEUE: 'pubsub',
      GOOGLE_CLOUD_PROJECT: project,
      FIRESTORE_EMULATOR_HOST: emulated.firestore,
      PUBSUB_EMULATOR_HOST: emulated.pubsub,
      HAWKER_PUBLIC_URL: `http://127.0.0.1:${ports.get('slides-images') ?? 9}`,
      ...env,
    };
    const start = async ([name, port]: [string, number]) => {
      const framed = by === 'framework' && MANIFEST.some((row) => row.name === name && row.serve === 'app');
      const options: StartOptions = framed
        ? { script: FRAMEWORK, args: [`--source=${join(dist, name)}`, `--target=${name}`, `--port=${port}`] }
        : { script: join(dist, name, 'index.js') };
      started.push(await startHawker({ ...options, data, answersOn: port, env: { ...settings, PORT: `${port}` } }));
    };
    try {
      for (const result of await Promise.allSettled([...ports].map(start)))
        if (result.status === 'rejected') throw result.reason;
      const front = await startFront(ports);
      started.push(front);
      return {
        port: front.port,
        ask: (path, ask) => send(front.port, path, ask),
        async fire(name) {
          const headers = {
            'X-CloudScheduler-ScheduleTime': new Date().toISOString(),
            'X-CloudScheduler-JobName': name,
          };
          const call = async () =>
            (await send(ports.get(name) ?? 0, '/', { method: 'POST', headers, anonymous: true })).status;
          return [await call(), await call()];
        },
        [Symbol.asyncDispose]: dispose,
      };
    } catch (error) {
      await dispose();
      throw error;
    }
  };

/** Topics with push subscriptions to the functions' ports, as the deployment makes them. */
async function subscribe(emulator: string, project: string, ports: ReadonlyMap<string, number>): Promise<void> {
  const put = async (kind: 'topics' | 'subscriptions', name: string, body: object) => {
    const url = `http://${emulator}/v1/projects/${project}/${kind}/${name}`;
    const headers = { 'Content-Type': 'application/json' };
    const answer = await fetch(url, {
      method: 'PUT',
      headers,
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(10_000),
    });
    if (answer.status !== 200 && answer.status !== 409) throw new Error(`${kind}/${name}: ${await answer.text()}`);
  };
  for (const { name, topic, ackDeadlineMs } of subscriptionsOf(MANIFEST)) {
    if (!ports.has(name)) continue;
    await put('topics', topic, {});
    await put('subscriptions', name, {
      topic: `projects/${project}/topics/${topic}`,
      pushConfig: { pushEndpoint: `http://127.0.0.1:${ports.get(name)}/` },
      ackDeadlineSeconds: Math.min(600, Math.max(10, ackDeadlineMs / 1000)),
      enableMessageOrdering: true,
      retryPolicy: { minimumBackoff: '1s', maximumBackoff: '5s' },
    });
  }
}

/** `/links/...` of localhost goes to the root of `links`, the old addresses of bus arrivals to `bus`, and other hosts to `redirects`. */
async function startFront(ports: ReadonlyMap<string, number>): Promise<AsyncDisposable & { port: number }> {
  const server = createServer((request, response) => {
    const { host = '', ...headers } = request.headers;
    const [, name = '', rest = ''] = /^\/([\w-]+)(.*)$/.exec(request.url ?? '') ?? [];
    if (!/^(?:localhost|127\.0\.0\.1)(?::\d+)?$/.test(host)) pass('redirects', request.url ?? '/', host);
    else if (name === 'api') pass('bus', request.url ?? '/', host);
    else pass(name, rest.startsWith('/') ? rest : `/${rest}`, host);

    function pass(to: string, path: string, hostHeader: string): void {
      const port = ports.get(to);
      if (port === undefined) return void response.writeHead(404).end(`${to} does not run here\n`);
      forward(request, response, { port, path, headers: { ...headers, host: hostHeader } });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the front has no port');
  return {
    port: address.port,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function forward(
  request: IncomingMessage,
  response: ServerResponse,
  to: { port: number; path: string; headers: Record<string, string | string[] | undefined> },
): void {
  const passed = httpRequest({ host: '127.0.0.1', method: request.method, agent: false, ...to }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  passed.on('error', () => response.destroy());
  request.pipe(passed);
}
