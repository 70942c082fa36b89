/** Contenders of ours and electors as client-go has them, for one and the same Lease. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { type KubernetesApiServer, startKubernetesApiServer } from '../testing/kubernetes-api-server.ts';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import { createElectionWorld, type ElectionWorld } from './election-world.ts';

guardAgainstLeaks();

const RUNS = Number(process.env['ELECTION_RUNS'] ?? 8);
/** So that they are safe among themselves, though they see whole seconds alone. */
const SHORT = { durationMs: 5_000, renewDeadlineMs: 2_500, retryMs: 1_000 };

describe('elections among contenders of both kinds', { timeout: 110_000 }, () => {
  let server: KubernetesApiServer;
  before(async () => {
    server = await startKubernetesApiServer();
  });
  after(() => server?.close());

  const spec = (world: ElectionWorld) => server.leases.get(server.namespace, world.name).spec;
  async function inWorld(seed: number, run: (world: ElectionWorld) => Promise<void>): Promise<void> {
    const world = createElectionWorld(server, seed);
    try {
      await run(world);
    } finally {
      await world.close();
    }
  }

  it('never have two leaders, and keep the record as client-go does', async () => {
    const led = new Set<string>();
    await fc.assert(
      fc.asyncProperty(fc.integer(), (seed) => inWorld(seed, (world) => history(world, led))),
      { numRuns: RUNS },
    );
    // Which one of each kind leads is up to the seeds; that both kinds do is what makes the histories worth checking.
    assert.deepEqual([...new Set([...led].map((name) => name.slice(0, -2)))].sort(), ['client-go', 'ours']);
  });

  async function history(world: ElectionWorld, led: Set<string>): Promise<void> {
    const { random } = world;
    const oneOf = <T>(values: readonly T[]) => values[Math.floor(random() * values.length)] as T;
    const durations = [2_000, 3_000, 15_000];
    const ours = [await world.ours('ours-1', oneOf(durations)), await world.ours('ours-2', oneOf(durations))];
    const foreign = [world.foreign('client-go-1', SHORT), world.foreign('client-go-2', SHORT)];
    for (const { machine } of ours) machine.dispatch({ type: 'want', how: 'patiently' });
    const check = () => {
      const leaders = world.leaders();
      for (const leader of leaders) led.add(leader);
      assert.ok(leaders.length <= 1, `${leaders.join(' and ')} lead at ${world.now} ms`);
    };
    for (let round = 0; round < 40; round++) {
      world.weather = oneOf([
        { lost: 0, delayMs: 0 },
        { lost: 0.1, delayMs: 50 },
        { lost: 0.4, delayMs: 200 },
      ]);
      const act = random();
      const one = oneOf(ours);
      const other = oneOf(foreign);
      if (act < 0.2) one.machine.dispatch({ type: 'leave' });
      // Whoever is still giving it back cannot want it again before that has ended.
      else if (act < 0.5 && !one.machine.state.leaving) one.machine.dispatch({ type: 'want', how: 'patiently' });
      else if (act < 0.6 && other.leads()) void other.elector.release();
      else if (act < 0.8) oneOf([one, other]).pause(random() * 8_000);
      else if (act < 0.9) one.wallOffset += (random() - 0.5) * oneOf([10_000, 7_200_000]);
      // Not by seconds: client-go's own then come back, and two of its kind lead, which is not for us to mend.
      else other.wallOffset += oneOf([-1, 1]) * (60_000 + random() * 3_540_000);
      await world.pass(random() * 3_000, check);
    }
    checkHistory(world);
  }

  /** What client-go relies on, from one version to the next. */
  function checkHistory({ name }: ElectionWorld): void {
    const specs = server.leases.changes
      .filter(({ object }) => object.metadata.name === name)
      .map(({ object }) => object.spec);
    assert.ok(specs.length > 10);
    for (const [n, now] of specs.entries()) {
      const before = specs[n - 1];
      const terms = Number(now['leaseTransitions']) - Number(before?.['leaseTransitions'] ?? 0);
      const sameTerm =
        now['holderIdentity'] === before?.['holderIdentity'] && now['acquireTime'] === before?.['acquireTime'];
      const story = JSON.stringify([before, now]);
      assert.equal(terms, before === undefined || sameTerm || now['holderIdentity'] === '' ? 0 : 1, story);
      if (now['holderIdentity'] !== '') continue;
      assert.equal(now['leaseDurationSeconds'], 1, story);
      assert.equal(now['acquireTime'], now['renewTime'], story);
    }
  }

  it('take over from a client-go elector that died, when its own duration has passed and not before', () =>
    inWorld(1, async (world) => {
      const foreign = world.foreign('client-go-1');
      await world.pass(1_000);
      assert.deepEqual(world.leaders(), ['client-go-1']);
      foreign.stop();
      const ours = await world.ours('ours-1', 3_000);
      ours.machine.dispatch({ type: 'want', how: 'patiently' });
      await world.pass(15_000, () => assert.equal(ours.leads(), false));
      await world.pass(3_000);
      assert.deepEqual(world.leaders(), ['ours-1']);
      assert.equal(spec(world)['leaseTransitions'], 1);
    }));

  it('are taken over by a client-go elector when they died, and no sooner', () =>
    inWorld(2, async (world) => {
      const ours = await world.ours('ours-1', 6_000);
      ours.machine.dispatch({ type: 'want', how: 'patiently' });
      await world.pass(0);
      const foreign = world.foreign('client-go-1', SHORT);
      await world.pass(60_000, () => assert.equal(foreign.leads(), false));
      assert.deepEqual(world.leaders(), ['ours-1']);
      ours.machine.halt();
      await world.pass(9_000, () => assert.ok(!(foreign.leads() && ours.leads())));
      assert.deepEqual(world.leaders(), ['client-go-1']);
      assert.equal(spec(world)['leaseTransitions'], 1);
    }));

  it('are seen to renew by an elector that sees no fraction of a second', () =>
    inWorld(3, async (world) => {
      const ours = await world.ours('ours-1', 2_000);
      const foreign = world.foreign('client-go-1', { durationMs: 5_000, renewDeadlineMs: 500, retryMs: 150 });
      const check = () => assert.ok(!(foreign.leads() && ours.leads()), `both lead at ${world.now} ms`);
      const taken = new Set<string>();
      for (let round = 0; round < 15; round++) {
        foreign.pause(4_000);
        await world.pass(3_000, check);
        await foreign.elector.release();
        ours.machine.dispatch({ type: 'want', how: 'patiently' });
        // As if the process had been stopped, somewhere between two renewals.
        await world.pass(2_000 + world.random() * 2_000, check);
        ours.pause(4_000);
        await world.pass(4_000, check);
        for (const leader of world.leaders()) taken.add(leader);
      }
      assert.deepEqual([...taken], ['client-go-1']);
    }));

  it('give way at once where the lease is released', () =>
    inWorld(3, async (world) => {
      const ours = await world.ours('ours-1', 3_600_000);
      ours.machine.dispatch({ type: 'want', how: 'once' });
      await world.pass(0);
      assert.deepEqual(world.leaders(), ['ours-1']);
      const foreign = world.foreign('client-go-1', SHORT);
      await world.pass(5_000);
      ours.machine.dispatch({ type: 'leave' });
      await world.pass(0);
      assert.deepEqual([spec(world)['holderIdentity'], spec(world)['leaseTransitions']], ['', 0]);
      await world.pass(SHORT.retryMs);
      assert.deepEqual(world.leaders(), ['client-go-1']);
      assert.equal(spec(world)['leaseTransitions'], 1);
      foreign.stop();
      assert.equal(await foreign.elector.release(), true);
      ours.machine.dispatch({ type: 'want', how: 'once' });
      await world.pass(0);
      assert.deepEqual(world.leaders(), ['ours-1']);
      assert.equal(spec(world)['leaseTransitions'], 2);
    }));
});
