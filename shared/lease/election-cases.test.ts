/** The cases that client-go's own tests tell of, for its kind of elector and for ours: what each does about a Lease in a given state. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type KubernetesApiServer, startKubernetesApiServer } from '../testing/kubernetes-api-server.ts';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import { CLIENT_GO, createElectionWorld, type ElectionWorld } from './election-world.ts';

guardAgainstLeaks();

const TIME = '2026-01-01T00:00:00.000000Z';
const HELD = {
  holderIdentity: 'other',
  leaseDurationSeconds: 3,
  acquireTime: TIME,
  renewTime: TIME,
  leaseTransitions: 4,
};

interface Case {
  title: string;
  /** The spec of the Lease that is there; null for a Lease without one. */
  spec?: object | null;
  /** Milliseconds between a first look and the attempt that counts. */
  wait?: number;
  won: boolean;
  transitions?: number;
  requests: string;
  /** Where ours needs others. */
  oursRequests?: string;
}

const CASES: Case[] = [
  { title: 'there is no object', won: true, transitions: 0, requests: 'GET POST' },
  { title: 'the object has no spec', spec: null, won: true, transitions: 1, requests: 'GET PUT' },
  { title: 'the object names nobody', spec: {}, won: true, transitions: 1, requests: 'GET PUT' },
  {
    title: 'it was released',
    spec: { ...HELD, holderIdentity: '', leaseDurationSeconds: 1 },
    won: true,
    transitions: 5,
    requests: 'GET PUT',
  },
  { title: 'another holds it', spec: HELD, won: false, requests: 'GET' },
  { title: 'another has held it for less than its duration', spec: HELD, wait: 2_900, won: false, requests: 'GET GET' },
  {
    title: 'another has not renewed it for its duration',
    spec: HELD,
    // A little more, for clocks of different rates, which client-go does not care for.
    wait: 3_500,
    won: true,
    transitions: 5,
    requests: 'GET GET PUT',
    // The version that was seen is replaced, or it is not.
    oursRequests: 'GET PUT',
  },
];

describe('an attempt to acquire', { timeout: 60_000 }, () => {
  let server: KubernetesApiServer;
  let world: ElectionWorld;
  before(async () => {
    server = await startKubernetesApiServer();
  });
  after(() => server?.close());

  const spec = () => server.leases.get(server.namespace, world.name).spec;
  const requests = () => server.requests.map((request) => request.split(' ')[0]).join(' ');
  const put = (given: object | null) =>
    server.leases.create(server.namespace, {
      ...{ apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { name: world.name } },
      ...(given && { spec: given }),
    });
  const edit = (labels: object) => server.leases.merge(server.namespace, world.name, { metadata: { labels } });

  interface Contender {
    /** One attempt to acquire or to renew; answers whether it leads. */
    attempt(): Promise<boolean>;
    release(): Promise<unknown>;
    identity: string;
  }

  async function foreign(): Promise<Contender> {
    const { elector } = world.foreign('baz', { ...CLIENT_GO, idle: true });
    return { identity: 'baz', attempt: elector.tryAcquireOrRenew, release: elector.release };
  }

  async function ours(): Promise<Contender> {
    const made = await world.ours('baz', 15_000);
    return {
      identity: 'baz',
      async attempt() {
        made.machine.dispatch({ type: made.leads() ? 'resume' : 'want', how: 'once' });
        await world.pass(0);
        return made.leads();
      },
      async release() {
        made.machine.dispatch({ type: 'leave' });
        await world.pass(0);
      },
    };
  }

  for (const [kind, contender] of Object.entries({ 'client-go': foreign, ours })) {
    describe(`by ${kind}`, () => {
      const inWorld = async (run: (it: Contender) => Promise<void>) => {
        world = createElectionWorld(server, 1);
        try {
          const made = await contender();
          server.requests.length = 0;
          await run(made);
        } finally {
          await world.close();
        }
      };

      for (const { title, spec: given, wait = 0, won, transitions, requests: theirs, oursRequests } of CASES)
        it(`${won ? 'succeeds' : 'fails'} where ${title}`, () =>
          inWorld(async ({ attempt, identity }) => {
            if (given !== undefined) put(given);
            if (wait > 0) {
              assert.equal(await attempt(), false);
              await world.pass(wait);
            }
            assert.equal(await attempt(), won);
            assert.equal(requests(), kind === 'ours' ? (oursRequests ?? theirs) : theirs);
            assert.equal(spec()['holderIdentity'], won ? identity : 'other');
            if (won) assert.equal(spec()['leaseTransitions'], transitions);
          }));

      it('renews without a look, and changes nothing but the time', () =>
        inWorld(async ({ attempt }) => {
          await attempt();
          const { renewTime, ...before } = spec();
          await world.pass(1_500);
          server.requests.length = 0;
          assert.equal(await attempt(), true);
          assert.equal(requests(), 'PUT');
          const { renewTime: after, ...rest } = spec();
          assert.deepEqual(rest, before);
          assert.notEqual(after, renewTime);
        }));

      it('renews after a look where the object was edited meanwhile, and keeps the edit', () =>
        inWorld(async ({ attempt, identity }) => {
          await attempt();
          edit({ team: 'noodles' });
          server.requests.length = 0;
          await attempt();
          await world.pass(1_500);
          await attempt();
          assert.match(requests(), /^PUT GET PUT/);
          const { metadata } = server.leases.get(server.namespace, world.name);
          assert.deepEqual(metadata['labels'], { team: 'noodles' });
          assert.deepEqual([spec()['holderIdentity'], spec()['leaseTransitions']], [identity, 0]);
        }));

      it('releases in the one form', () =>
        inWorld(async ({ attempt, release }) => {
          await attempt();
          await world.pass(1_500);
          await release();
          const { acquireTime, renewTime, ...rest } = spec();
          assert.deepEqual(rest, { holderIdentity: '', leaseDurationSeconds: 1, leaseTransitions: 0 });
          assert.equal(acquireTime, renewTime);
        }));
    });
  }

  it('by ours releases also where the object was edited meanwhile', async () => {
    world = createElectionWorld(server, 1);
    const { attempt, release } = await ours();
    await attempt();
    edit({ team: 'noodles' });
    await release();
    assert.equal(spec()['holderIdentity'], '');
    await world.close();
  });

  it('by ours succeeds where the answer that says so is lost, and where its repetition is refused', async () => {
    for (const fault of ['lose answer', 'cut answer'] as const) {
      world = createElectionWorld(server, 1);
      const { attempt } = await ours();
      server.next('POST', { kind: fault });
      assert.equal(await attempt(), true);
      assert.deepEqual([spec()['holderIdentity'], spec()['leaseTransitions']], ['baz', 0]);
      await world.pass(1_000);
      server.next('PUT', { kind: fault });
      // A renewal whose answer was lost: it has happened, and the term goes on.
      assert.equal(await attempt(), true);
      await world.pass(14_000);
      assert.equal(await attempt(), true);
      assert.equal(spec()['leaseTransitions'], 0);
      await world.close();
    }
  });

  it('by ours waits for a holder that does not say for how long, which client-go does not', async () => {
    world = createElectionWorld(server, 1);
    const { leaseDurationSeconds: _none, ...unsaid } = HELD;
    put(unsaid);
    const careful = await ours();
    assert.equal(await careful.attempt(), false);
    await world.pass(14_900);
    assert.equal(await careful.attempt(), false);
    await world.pass(700);
    assert.equal(await careful.attempt(), true);
    await world.close();
  });
});
