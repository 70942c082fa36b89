/**
 * An elector as Kubernetes' own client library has it, for tests to contend with. Written from the description of its algorithm
 * (k8s.io/client-go/tools/leaderelection); where ours is more careful, this one is not:
 *
 * - A record counts as changed when its text has changed, in which times are whole seconds. What was read is stamped on receipt.
 * - A record that is held may be taken when it has not changed for its own `leaseDurationSeconds`; one that names nobody at once.
 * - Who leads renews by a PUT over the object it knows, without reading it; after a failure, as everybody else: GET, then PUT or POST.
 * - One round of renewals is given up `renewDeadlineMs` after it began; the next begins `retryMs` after the last has ended well.
 */
import type { Clock } from '../clock.ts';
import { formatMicroTime } from '../lease/micro-time.ts';

/** The API server as this elector is connected to it. Rejects with an error that has `status` where it refuses, without where it does not answer. */
export type LeaseClient = (method: 'GET' | 'POST' | 'PUT', object?: object) => Promise<ForeignLease>;

export interface ForeignLease {
  metadata: Record<string, unknown>;
  spec?: Record<string, unknown>;
}

interface Election {
  holder: string;
  seconds: number;
  acquired: string;
  renewed: string;
  transitions: number;
}

export interface ClientGoElector {
  readonly identity: string;
  /** Whether it leads, for all it knows. */
  leads(): boolean;
  /** Whether the record it knows names it, as `IsLeader` says. */
  readonly isHolder: boolean;
  /** One attempt to acquire or renew; answers whether it went well. */
  tryAcquireOrRenew(): Promise<boolean>;
  /** Does what is due now, if anything is: an attempt, or the end of a round that took too long. */
  act(): Promise<void>;
  /** Stops leading and names nobody. */
  release(): Promise<boolean>;
}

interface ElectorOptions {
  name: string;
  identity: string;
  client: LeaseClient;
  clock: Clock;
  durationMs?: number;
  renewDeadlineMs?: number;
  retryMs?: number;
}

export function createClientGoElector(options: ElectorOptions): ClientGoElector {
  const { name, identity, client, clock, durationMs = 15_000, renewDeadlineMs = 10_000, retryMs = 2_000 } = options;
  let object: ForeignLease | undefined;
  let observed: Election | undefined;
  let observedText = '';
  let observedAt = Number.NEGATIVE_INFINITY;
  let leading = false;
  let roundEnds = Number.POSITIVE_INFINITY;
  let dueAt = Number.NEGATIVE_INFINITY;
  let releases = 0;

  const observe = (election: Election) => {
    observed = election;
    observedAt = clock.mono();
  };
  const isHolder = () => observed?.holder === identity;
  const isValid = (now: number) => observedAt + (observed?.seconds ?? 0) * 1_000 > now;

  async function update(election: Election): Promise<void> {
    object = await client('PUT', { ...object, spec: specOf(election) });
    observe(election);
  }

  async function tryAcquireOrRenew(): Promise<boolean> {
    const now = clock.mono();
    const moment = formatMicroTime(Math.floor(clock.now()) * 1_000);
    const next = { holder: identity, seconds: Math.floor(durationMs / 1_000), acquired: moment, renewed: moment };
    try {
      if (observed && isHolder() && isValid(now)) {
        const { acquired, transitions } = observed;
        const renewed = await update({ ...next, acquired, transitions }).then(
          () => true,
          () => false,
        );
        if (renewed) return true;
      }
      const found = await client('GET').catch((error: { status?: number }) => {
        if (error.status !== 404) throw error;
        return undefined;
      });
      if (!found) {
        const first = { ...next, transitions: 0 };
        const metadata = { name };
        const made = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec: specOf(first) };
        object = await client('POST', made);
        observe(first);
        return true;
      }
      object = found;
      const election = electionOf(found);
      const text = textOf(election);
      if (text !== observedText) {
        observe(election);
        observedText = text;
      }
      if (election.holder !== '' && isValid(now) && !isHolder()) return false;
      const { acquired, transitions } = election;
      await update(isHolder() ? { ...next, acquired, transitions } : { ...next, transitions: transitions + 1 });
      return true;
    } catch {
      return false;
    }
  }

  return {
    identity,
    leads: () => leading && clock.mono() < roundEnds,
    get isHolder() {
      return isHolder();
    },
    tryAcquireOrRenew,
    async act() {
      if (leading && clock.mono() >= roundEnds) leading = false;
      if (clock.mono() < dueAt) return;
      dueAt = Number.POSITIVE_INFINITY;
      const releasesBefore = releases;
      const done = await tryAcquireOrRenew();
      const now = clock.mono();
      dueAt = now + retryMs;
      // client-go gives a lease back when its renewals have ended: one that was under way makes no leader any more.
      if (releases !== releasesBefore) return;
      // Too late for the round that it was part of.
      if (leading && now >= roundEnds) leading = false;
      else if (done) {
        leading = true;
        roundEnds = now + retryMs + renewDeadlineMs;
      }
    },
    async release() {
      leading = false;
      releases++;
      if (!observed || !isHolder()) return true;
      const moment = formatMicroTime(Math.floor(clock.now()) * 1_000);
      const { transitions } = observed;
      try {
        await update({ holder: '', seconds: 1, acquired: moment, renewed: moment, transitions });
        return true;
      } catch {
        return false;
      }
    },
  };
}

function specOf({ holder, seconds, acquired, renewed, transitions }: Election): Record<string, unknown> {
  return {
    holderIdentity: holder,
    leaseDurationSeconds: seconds,
    acquireTime: acquired,
    renewTime: renewed,
    leaseTransitions: transitions,
  };
}

function electionOf({ spec = {} }: ForeignLease): Election {
  return {
    holder: (spec['holderIdentity'] as string | null | undefined) ?? '',
    seconds: (spec['leaseDurationSeconds'] as number | null | undefined) ?? 0,
    acquired: (spec['acquireTime'] as string | null | undefined) ?? ZERO,
    renewed: (spec['renewTime'] as string | null | undefined) ?? ZERO,
    transitions: (spec['leaseTransitions'] as number | null | undefined) ?? 0,
  };
}

const ZERO = '0001-01-01T00:00:00Z';

/** What two records are compared by. */
function textOf({ acquired, renewed, ...rest }: Election): string {
  return JSON.stringify([rest, acquired.slice(0, 19), renewed.slice(0, 19)]);
}
