/** Chaos on Lease objects of a Kubernetes API server, where electors like client-go's contend too. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { type KubernetesApiServer, startKubernetesApiServer } from '#shared/testing/kubernetes-api-server.ts';
import { guardAgainstLeaks } from '#shared/testing/leak-guard.ts';
import { type Backing, openBacking } from '../../scripts/lease/chaos/backing.ts';
import { createDice, type Dice } from '../../scripts/lease/chaos/dice.ts';
import { FAULTS } from '../../scripts/lease/chaos/faults.ts';
import { openFlakyProxy } from '../../scripts/lease/chaos/flaky-proxy.ts';
import { assertMuchHappened } from './command.ts';
import { startForeignElector } from './foreign-elector.ts';
import { chaosOn } from './rig.ts';

guardAgainstLeaks();

/** Electors of client-go see a renewal only where the second has changed, so a lease that they share is not renewed more often than that. */
const DURATION_MS = 4_000;
const PROCS = 4;
const NAME = 'chaos';

async function openKubernetesBacking(folder: string, server: KubernetesApiServer): Promise<Backing> {
  const store = await openBacking({ kind: 'sqlite', folder, procs: PROCS, cut: false, environment: {} });
  const target = `127.0.0.1:${server.port}`;
  const proxies = await Promise.all(Array.from({ length: PROCS }, () => openFlakyProxy(target)));
  return {
    ...store,
    about: 'a Kubernetes API server, and SQLite',
    fencedFrom: 'commit',
    proxies,
    kubernetes(place) {
      const port = proxies[place]?.address.split(':')[1] ?? '';
      return { host: '127.0.0.1', port, folder: server.folder };
    },
    async close() {
      for (const proxy of proxies) await proxy.close();
      await store.close();
    },
  };
}

/** What an API server does to its clients, beside what a network does: again and again until it is stopped. */
function trouble(server: KubernetesApiServer, dice: Dice) {
  const counts = { rotations: 0, answers429: 0, cut: 0, cas: 0 };
  const pending = new Set<NodeJS.Timeout>();
  let failure: unknown;
  const after = (ms: number, work: () => unknown) => {
    const timer = setTimeout(() => {
      pending.delete(timer);
      Promise.resolve(work()).catch((error: unknown) => {
        failure = error;
      });
    }, ms);
    pending.add(timer);
  };
  const turn = () => {
    const what = dice.roll();
    const method = dice.pick(['GET', 'PUT', 'PUT']);
    if (what < 0.2) {
      server.accept(`token-${++counts.rotations}`);
      after(dice.between(0, 400), () => server.mount());
    } else if (what < 0.25) {
      counts.cas++;
      server.changeCa();
      after(dice.between(0, 400), () => server.mount());
    } else if (what < 0.5) {
      counts.answers429++;
      server.next(method, { kind: 'answer', status: 429, headers: { 'Retry-After': '1' } });
    } else {
      counts.cut++;
      server.next(method, { kind: dice.pick(['lose answer', 'cut answer', 'lose request', 'stall'] as const) });
    }
    after(dice.between(200, 1_000), turn);
  };
  after(1_000, turn);
  return {
    counts,
    stop() {
      for (const timer of pending) clearTimeout(timer);
      return server.mount();
    },
    failure: () => failure,
  };
}

it('finds nothing wrong with leases on Kubernetes in a minute of all that, refusals, new tokens and foreign electors', async () => {
  const server = await startKubernetesApiServer();
  const dice = createDice(Date.now());
  const troubles = trouble(server, dice);
  try {
    let foreign: ReturnType<typeof startForeignElector>[] = [];
    const report = await chaosOn(
      async (folder) => {
        const shared = { name: NAME, durationMs: DURATION_MS, server, folder };
        foreign = ['foreign-1', 'foreign-2'].map((identity) => startForeignElector({ ...shared, identity, dice }));
        const backing = await openKubernetesBacking(folder, server);
        const stopForeign = () => Promise.all(foreign.map((elector) => elector.stop()));
        return {
          ...backing,
          // Foreign electors look more often than ours and might lead all the time that is left.
          calm: async () => void (await Promise.all([troubles.stop(), stopForeign()])),
          async close() {
            await stopForeign();
            await backing.close();
          },
        };
      },
      { procs: PROCS, seconds: 60, durationMs: DURATION_MS, faults: FAULTS, name: NAME },
    );
    assert.ifError(troubles.failure());
    const story = JSON.stringify(
      { report, ...troubles.counts, foreign: foreign.map(({ reigns }) => reigns) },
      undefined,
      1,
    );
    assert.deepEqual(report.violations, [], story);
    assertMuchHappened(report, { elections: 12, kills: 8, stops: 10, wallClockJumps: 8, commits: 30, stale: 0 });
    assert.ok(
      foreign.every(({ reigns }) => reigns >= 2),
      story,
    );
    const { rotations, answers429, cut } = troubles.counts;
    assert.ok(rotations >= 4 && answers429 >= 4 && cut >= 8, story);
  } finally {
    await troubles.stop();
    await server.close();
  }
});
