import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import type { Ran } from '../deploy/gcloud.ts';
import type { Json } from '../deploy/resource.ts';
import { hashOf, suffixOf } from './bundle-hash.ts';
import type { ReleasePlace } from './commands.ts';
import { smoke } from './smoke.ts';
import { findChanged, moveTraffic, type Release, tryCandidate } from './steps.ts';

const PLACE: ReleasePlace = { project: 'demo', region: 'asia-southeast1' };
const IMAGE = 'asia-southeast1-docker.pkg.dev/demo/hawker/hawker@sha256:0';
const OLD = 'a'.repeat(12);
const NEW = 'b'.repeat(12);

interface Service {
  ingress: string;
  /** All there were, the newest last. */
  revisions: string[];
  traffic: Record<string, number>;
  candidate: boolean;
}

/** Cloud Run as gcloud shows it, with services that begin on the old code. */
function aCloud(ingress: Record<string, string>) {
  const services: Record<string, Service> = {};
  for (const [name, each] of Object.entries(ingress)) {
    const revision = `${name}-${suffixOf(OLD, 'before')}`;
    services[name] = { ingress: each, revisions: [revision], traffic: { [revision]: 100 }, candidate: false };
  }
  const commands: string[] = [];
  const failing = new Set<string>();
  const told = (name: string, { ingress: from, traffic, candidate, revisions }: Service): Json => ({
    metadata: { name, annotations: { 'run.googleapis.com/ingress': from } },
    status: {
      url: `https://${name}.test`,
      traffic: [
        ...Object.entries(traffic).map(([revisionName, percent]) => ({ revisionName, percent })),
        ...(candidate
          ? [{ revisionName: revisions.at(-1) ?? '', tag: 'candidate', url: `https://candidate.${name}.test` }]
          : []),
      ],
    },
  });
  const run: Release['run'] = async ({ args }): Promise<Ran> => {
    const [, noun, verb, name = ''] = args;
    const flag = (wanted: string) => args.find((arg) => arg.startsWith(`--${wanted}=`))?.slice(wanted.length + 3) ?? '';
    const answer = (value: Json) => ({ code: 0, stdout: JSON.stringify(value), stderr: '' });
    if (noun === 'jobs') return answer([]);
    if (verb === 'list') return answer(Object.entries(services).map(([each, service]) => told(each, service)));
    const service = services[name];
    if (!service) return { code: 1, stdout: '', stderr: 'ERROR: NOT_FOUND' };
    if (verb === 'describe') return answer(told(name, service));
    commands.push(`${verb} ${name}`);
    if (failing.has(`${verb} ${name}`)) return { code: 1, stdout: '', stderr: 'ERROR: the revision is not ready' };
    if (verb === 'update') {
      service.revisions.push(`${name}-${flag('revision-suffix')}`);
      service.candidate = args.includes('--tag=candidate');
      if (!args.includes('--no-traffic')) service.traffic = { [service.revisions.at(-1) ?? '']: 100 };
    } else if (flag('to-revisions') !== '')
      service.traffic = Object.fromEntries(
        flag('to-revisions')
          .split(',')
          .map((pair) => [pair.split('=')[0], Number(pair.split('=')[1])]),
      );
    else {
      service.traffic = { [service.revisions.at(-1) ?? '']: 100 };
      service.candidate &&= !args.includes('--remove-tags=candidate');
    }
    return { code: 0, stdout: '', stderr: '' };
  };
  const unwell = new Set<string>();
  const checked: string[] = [];
  const release: Release = {
    ...{ place: PLACE, run },
    patience: { sleep: async () => undefined, random: () => 0, stopped: () => false },
    async check(url) {
      checked.push(url);
      if (unwell.has(url)) throw new Error(`${url} answers with 500`);
    },
    say: () => undefined,
  };
  const runs = () =>
    Object.fromEntries(
      Object.entries(services).map(([name, { traffic }]) => [name, Object.keys(traffic).map(hashOf).join()]),
    );
  return { services, commands, failing, unwell, checked, release, runs };
}

const OPEN = { bus: 'all', links: 'all', clicks: 'internal' };
const BUILT = { bus: NEW, links: NEW, clicks: NEW };

describe('a release', () => {
  it('is of what runs other code than was built, and of nothing that has no service', async () => {
    const { release } = aCloud(OPEN);
    const { changed, unchanged, absent } = await findChanged(release, { bus: NEW, links: OLD, leases: NEW });
    assert.deepEqual([Object.keys(changed), unchanged, absent], [['bus'], ['links'], ['leases']]);
    assert.deepEqual(changed['bus'], { hash: NEW, former: { [`bus-${suffixOf(OLD, 'before')}`]: 100 } });
  });

  it('takes what a deployment or a person has put there for changed, since nothing tells what it is', async () => {
    const { release, services } = aCloud({ bus: 'all', links: 'all' });
    (services['bus'] as Service).traffic = { 'bus-00007-xyz': 100 };
    (services['links'] as Service).traffic = {
      [`links-${suffixOf(NEW, 'b')}`]: 50,
      [`links-${suffixOf(OLD, 'a')}`]: 50,
    };
    const { changed } = await findChanged(release, { bus: NEW, links: NEW });
    assert.deepEqual(Object.keys(changed), ['bus', 'links']);
  });

  it('gives no traffic to candidates, asks each that may be asked, and then moves all; nothing is left to do afterwards', async () => {
    const { release, runs, checked, commands, services } = aCloud(OPEN);
    const { changed } = await findChanged(release, BUILT);
    for (const [name, change] of Object.entries(changed)) await tryCandidate(release, name, change, IMAGE, 'build-1');
    assert.deepEqual(runs(), { bus: OLD, links: OLD, clicks: OLD });
    assert.deepEqual(checked.splice(0), ['https://candidate.bus.test', 'https://candidate.links.test']);
    await moveTraffic(release, changed, IMAGE);
    assert.deepEqual(runs(), BUILT);
    assert.deepEqual(checked, ['https://bus.test', 'https://links.test']);
    assert.ok(Object.values(services).every(({ candidate }) => !candidate));
    assert.equal(commands.length, 6);
    assert.deepEqual((await findChanged(release, BUILT)).changed, {});
  });

  it('stops at a candidate that does not start or does not answer, while everybody is served by the old code', async () => {
    const { release, runs, failing, unwell } = aCloud(OPEN);
    const { changed } = await findChanged(release, BUILT);
    failing.add('update clicks');
    unwell.add('https://candidate.bus.test');
    for (const name of ['clicks', 'bus'])
      await assert.rejects(tryCandidate(release, name, changed[name] ?? assert.fail(), IMAGE, 'build-1'));
    assert.deepEqual(runs(), { bus: OLD, links: OLD, clicks: OLD });
  });

  for (const broken of ['https://links.test', 'update-traffic clicks'])
    it(`puts all traffic back where one fails afterwards: ${broken}`, async () => {
      const { release, runs, failing, unwell } = aCloud(OPEN);
      const { changed } = await findChanged(release, BUILT);
      for (const [name, change] of Object.entries(changed)) await tryCandidate(release, name, change, IMAGE, 'build-1');
      unwell.add(broken);
      failing.add(broken);
      const moving = moveTraffic(release, changed, IMAGE);
      // Where gcloud can move nothing at all, it is said what is left to do.
      const end = broken.startsWith('https')
        ? /all traffic is where it was$/
        : /by hand: gcloud run services update-traffic clicks .*--to-revisions=clicks-c/;
      await assert.rejects(moving, end);
      assert.deepEqual(runs(), { bus: OLD, links: OLD, clicks: OLD });
    });

  it('goes on with one that ended in the middle of moving traffic', async () => {
    const { release, runs } = aCloud(OPEN);
    const { changed } = await findChanged(release, BUILT);
    for (const [name, change] of Object.entries(changed)) await tryCandidate(release, name, change, IMAGE, 'build-1');
    await moveTraffic(release, { bus: changed['bus'] ?? assert.fail() }, IMAGE);
    const again = await findChanged(release, BUILT);
    assert.deepEqual(Object.keys(again.changed), ['links', 'clicks']);
    for (const [name, change] of Object.entries(again.changed))
      await tryCandidate(release, name, change, IMAGE, 'build-2');
    await moveTraffic(release, again.changed, IMAGE);
    assert.deepEqual(runs(), BUILT);
  });
});

describe('the question whether a function answers', () => {
  async function answering(t: TestContext, replies: { status: number; own?: boolean }[]) {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      const { status, own = true } = replies[Math.min(asked.length, replies.length - 1)] as (typeof replies)[number];
      asked.push(request.url ?? '');
      response.writeHead(status, { Connection: 'close', ...(own && { 'X-Request-Id': 'r' }) }).end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    let now = 0;
    const time = {
      mono: () => now,
      sleep: async (ms: number) => {
        now += ms;
      },
    };
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, time };
  }

  it('is asked until it is answered well', async (t) => {
    const { url, asked, time } = await answering(t, [{ status: 503 }, { status: 404 }]);
    await smoke(url, { bare: false, ...time });
    // Cloud Run keeps what ends in z.
    assert.deepEqual(asked, ['/robots.txt', '/robots.txt']);
  });

  it('is no for a minute of what is not well, or not the function', async (t) => {
    for (const [reply, bare, why] of [
      [{ status: 500 }, false, /answers with 500$/],
      [{ status: 404, own: false }, false, /answers with 404, and not by the function/],
      [{ status: 404 }, true, /answers with 404/],
      [{ status: 302 }, true, /answers with 302/],
    ] as const) {
      const { url, time } = await answering(t, [reply]);
      await assert.rejects(smoke(url, { bare, ...time }), why);
    }
  });
});
