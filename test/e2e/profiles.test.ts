/** Profiles that are pushed all the time: what a Pyroscope server gets of a real process, and what becomes of that process where there is none. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { Profile } from 'pprof-format';
import { type Hawker, startHawker, until } from '../support/hawker.ts';

const ROOT = join(import.meta.dirname, '../..');
/** The library's own variable: a minute is longer than a test should take. */
const OFTEN = { PYROSCOPE_FLUSH_INTERVAL_MS: '500' };

interface Pushed {
  name: string;
  authorization: string | undefined;
  /** `samples/count` and the like. */
  types: string[];
  samples: { labels: Record<string, string>; stack: string[]; values: number[] }[];
}

/** A Pyroscope as far as pushes go: POST /ingest with a gzipped pprof (https://grafana.com/docs/pyroscope/latest/reference-server-api/). */
async function startPyroscope(port = 0, answer = 200) {
  const pushed: Pushed[] = [];
  const server = createServer((request, response) => {
    void readPushed(request).then((read) => {
      if (read) pushed.push(read);
      response.writeHead(read ? answer : 404).end();
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    pushed,
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: () => closed(server),
  };
}

async function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
}

async function readPushed(request: IncomingMessage): Promise<Pushed | undefined> {
  const body = await buffer(request);
  const url = new URL(request.url ?? '', 'http://localhost');
  if (request.method !== 'POST' || url.pathname !== '/ingest' || url.searchParams.get('format') !== 'pprof')
    return undefined;
  const profile = Profile.decode(gunzipSync(body));
  const text = (index: number | bigint) => profile.stringTable.strings[Number(index)] ?? '';
  const functions = new Map(profile.function.map((each) => [Number(each.id), text(each.name)]));
  const stacks = new Map(
    profile.location.map(({ id, line }) => [
      Number(id),
      line.map(({ functionId }) => functions.get(Number(functionId)) ?? ''),
    ]),
  );
  return {
    name: url.searchParams.get('name') ?? '',
    authorization: request.headers.authorization,
    types: profile.sampleType.map(({ type, unit }) => `${text(type)}/${text(unit)}`),
    samples: profile.sample.map(({ locationId, value, label }) => ({
      labels: Object.fromEntries(label.map(({ key, str }) => [text(key), text(str)])),
      stack: locationId.flatMap((id) => stacks.get(Number(id)) ?? []),
      values: value.map(Number),
    })),
  };
}

/** Asks for something that takes the CPU until the profiles show it under these labels. */
async function labelled(hawker: Hawker, pushed: readonly Pushed[], path: string, labels: Record<string, string>) {
  const found = () =>
    pushed
      .filter(({ types }) => types.includes('cpu/nanoseconds'))
      .flatMap(({ samples }) => samples)
      .filter((sample) => Object.entries(labels).every(([name, value]) => sample.labels[name] === value));
  return until(
    async () => {
      await Promise.all(Array.from({ length: 10 }, () => hawker.ask(path, { anonymous: true })));
      return found();
    },
    (samples) => samples.some(({ stack }) => stack.some((name) => /\/?shared\/|\/?functions\//.test(name))),
    30_000,
  );
}

describe('npm start with PYROSCOPE_SERVER_ADDRESS', () => {
  it('pushes CPU and heap of the process, labelled by function and route, with the names of its functions', async () => {
    await using pyroscope = await startPyroscope();
    const env = {
      ...OFTEN,
      PYROSCOPE_SERVER_ADDRESS: `http://127.0.0.1:${pyroscope.port}`,
      PYROSCOPE_BASIC_AUTH_USER: 'somebody',
      PYROSCOPE_BASIC_AUTH_PASSWORD: 'a secret of Pyroscope',
    };
    await using hawker = await startHawker({ env, args: ['--only', 'bus,leases'] });
    const { pushed } = pyroscope;
    await labelled(hawker, pushed, '/bus/stops/99999', { function: 'bus', route: 'GET /stops/:code' });
    const heap = await until(
      async () => pushed.find(({ types }) => types.includes('inuse_space/bytes')),
      (found) => found !== undefined,
    );
    assert.ok(heap?.samples.some(({ values }) => values.some((value) => value > 0)));
    for (const { name, authorization } of pushed) {
      assert.match(name, /^hawker\{.*\bservice_version=\d+\.\d+\.\d+/);
      assert.equal(authorization, `Basic ${btoa('somebody:a secret of Pyroscope')}`);
    }
    const before = pushed.length;
    assert.equal(await hawker.stop(), 0, hawker.output());
    assert.ok(pushed.length > before, 'what was there at the end is pushed as well');
    assert.doesNotMatch(hawker.output(), /a secret of Pyroscope|takes no profiles/);
  });

  it('tells once that Pyroscope is away or says no, tells when it is back, and serves all the while', async () => {
    let port: number;
    {
      await using refusing = await startPyroscope(0, 503);
      port = refusing.port;
    }
    const address = `http://127.0.0.1:${port}`;
    await using hawker = await startHawker({
      env: { ...OFTEN, PYROSCOPE_SERVER_ADDRESS: address },
      args: ['--only', 'leases'],
    });
    const says = (text: string) =>
      until(
        async () => hawker.output().split(text).length - 1,
        (count) => count > 0,
      );
    await says('takes no profiles');
    {
      await using refusing = await startPyroscope(port, 503);
      await until(
        async () => refusing.pushed.length,
        (count) => count >= 4,
      );
    }
    assert.equal((await hawker.ask('/leases/v1')).status, 200);
    {
      await using _taking = await startPyroscope(port);
      assert.equal(await says('takes profiles again'), 1);
    }
    assert.equal(hawker.output().split('takes no profiles').length - 1, 1, hawker.output());
  });

  it('tells within seconds that nobody is there, though the first profile is a minute away, and once', async () => {
    let port: number;
    {
      await using gone = await startPyroscope();
      port = gone.port;
    }
    const address = `http://127.0.0.1:${port}`;
    await using hawker = await startHawker({ env: { PYROSCOPE_SERVER_ADDRESS: address }, args: ['--only', 'leases'] });
    const output = await until(
      async () => hawker.output(),
      (said) => said.includes('takes no profiles'),
    );
    assert.match(output, new RegExp(`takes no profiles.*"address":"${address}","reason":"ECONNREFUSED"`));
    assert.match(output, new RegExp(`profiles will be pushed every minute.*"address":"${address}"`));
    assert.doesNotMatch(output, /profiles are pushed/);
    await hawker.stop();
    assert.equal(hawker.output().split('takes no profiles').length - 1, 1, hawker.output());
  });

  it('ends in time where Pyroscope takes connections and says nothing', async () => {
    const server = createServer(() => undefined);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    {
      await using hawker = await startHawker({
        env: { ...OFTEN, PYROSCOPE_SERVER_ADDRESS: address },
        args: ['--only', 'leases'],
      });
      await until(
        () => new Promise<number>((resolve, reject) => server.getConnections((e, n) => (e ? reject(e) : resolve(n)))),
        (count) => count > 0,
      );
      assert.equal(await hawker.stop(), 0, hawker.output());
    }
    await closed(server);
  });
});

describe('a built function with --profile', () => {
  it('pushes profiles in its own name, with names as they are in the source', async (t) => {
    const away = mkdtempSync(join(tmpdir(), 'hawker-profiles-'));
    t.after(() => rmSync(away, { recursive: true, force: true }));
    const build = [join(ROOT, 'scripts/build.ts'), '--only', 'bus', '--out', join(away, 'dist'), '--modules'];
    execFileSync(process.execPath, build, { cwd: ROOT, stdio: 'pipe', timeout: 60_000 });
    await using pyroscope = await startPyroscope();
    await using hawker = await startHawker({
      script: join(away, 'dist/bus/index.js'),
      args: ['--profile'],
      env: { ...OFTEN, PYROSCOPE_SERVER_ADDRESS: `http://127.0.0.1:${pyroscope.port}` },
    });
    await labelled(hawker, pyroscope.pushed, '/stops/99999', { function: 'bus', route: 'GET /stops/:code' });
    assert.match(pyroscope.pushed[0]?.name ?? '', /^bus\{/);
    assert.equal(await hawker.stop(), 0, hawker.output());
  });
});
