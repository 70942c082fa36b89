/** Waiting for those who are at work: first for the lease, which tells who is wanted here, then for the database's own lock, which golang-migrate takes too. */
import type { Clock } from '../clock.ts';
import { isAppError } from '../errors.ts';
import type { Ids } from '../ids.ts';
import type { Held, Lease } from '../lease/lease.ts';
import { observeLock } from './observed-run.ts';
import type { Holder, Session } from './session.ts';
import type { Kind } from './target.ts';

/** Of the lease. SQLite's statements keep this process from renewing while they run. */
export const LEASE_MS: Record<Kind, number> = { postgres: 15_000, mysql: 15_000, sqlite: 60_000, firestore: 15_000 };

/** Waits between two tries: about this at first, doubling, then about a second. */
const FIRST_MS = 50;
const MOST_MS = 1_000;
/** How often it is told who has the lease, and seen whether somebody wants the run to stop. */
const LOOK_MS = 5_000;

/** Until the lease of a holder that died can be taken: a duration from the first look, since it may have been renewed just before, and what others allow for clocks. */
export function lapseMs(kind: Kind): number {
  return Math.round(LEASE_MS[kind] * 1.1);
}

/** Where nobody says how long to wait: long enough to outlast a holder that died, and then to see it. To whole seconds. */
export function defaultWaitMs(kind: Kind): number {
  return Math.round((lapseMs(kind) + 13_000) / 1_000) * 1_000;
}

export interface Patience {
  /** How much longer to wait, in milliseconds; 0 or less when it is over. */
  left(): number;
  signal: AbortSignal;
  clock: Clock;
  ids: Ids;
  /** Told every five seconds for the lease, and at most once a second for the lock. */
  tell(what: 'lease' | 'lock', holders: Holder[]): Promise<void>;
}

/** Undefined where it was not to be had in time. Rejects with the signal's reason. */
export function takeLease(lease: Lease, patience: Patience): Promise<Held | undefined> {
  return observeLock('lease', () => waitForLease(lease, patience));
}

async function waitForLease(lease: Lease, { left, signal, tell }: Patience): Promise<Held | undefined> {
  signal.throwIfAborted();
  const held = await lease.tryAcquire();
  if (held) return held;
  for (;;) {
    await tell('lease', await leaseHolders(lease));
    const wait = Math.min(left(), LOOK_MS);
    if (wait <= 0) return undefined;
    try {
      return await lease.acquire({ wait, signal });
    } catch (error) {
      if (!isAppError(error, 'lease_held')) throw error;
    }
  }
}

async function leaseHolders(lease: Lease): Promise<Holder[]> {
  const view = await lease.observe();
  if (view?.holder === undefined) return [];
  return [{ session: view.holder, since: view.since, ...(view.note !== undefined && { application: view.note }) }];
}

/**
 * Polls outside any transaction: whoever waits inside one holds up `CREATE INDEX CONCURRENTLY` of the very holder, and both are stuck. Throws `lease_lost`
 * where the lease went meanwhile. Answers false where it was not to be had in time.
 */
export function takeLock(session: Session, held: Held, patience: Patience): Promise<boolean> {
  return observeLock('lock', () => waitForLock(session, held, patience));
}

async function waitForLock(session: Session, held: Held, patience: Patience): Promise<boolean> {
  const { left, signal, clock, ids, tell } = patience;
  let told = -Infinity;
  for (let ceiling = FIRST_MS; ; ceiling = Math.min(MOST_MS, ceiling * 2)) {
    signal.throwIfAborted();
    held.assert();
    if (await session.tryLock()) return true;
    const over = left() <= 0;
    if (over || clock.mono() - told >= MOST_MS) {
      await tell('lock', await session.holders());
      told = clock.mono();
    }
    if (over) return false;
    await clock.sleep(Math.min(left(), ceiling * (0.5 + ids.random() / 2)), signal);
  }
}

/** Why a run gave up, for whoever may read its record: no network address, and what helps. */
export function gaveUpText(
  { name, kind }: { name: string; kind: Kind },
  waitMs: number,
  { what, holders }: { what: 'lease' | 'lock'; holders: readonly Holder[] },
): string {
  const who = describeHolders(
    what,
    holders.map(({ client: _, ...holder }) => holder),
  );
  const lapse =
    what === 'lease'
      ? `that of a runner that died ends by itself for whoever has waited about ${Math.ceil(lapseMs(kind) / 1_000)} s; `
      : '';
  return `${name} was not free within ${waitMs} ms: its ${what} is held by ${who}; ${lapse}to wait longer, give \`lockTimeoutMs\` (\`--lock-timeout\`)`;
}

/** Who it is, for the one who gave up, and how to be rid of them. */
export function describeHolders(what: 'lease' | 'lock', holders: readonly Holder[]): string {
  if (holders.length === 0) return what === 'lease' ? 'another run' : 'a session that the database does not show';
  return holders
    .map(({ session, application, user, client, since, state, query, endBy }) => {
      const about = [
        application,
        user && `user ${user}`,
        client && `from ${client}`,
        since && `since ${since}`,
        state,
      ].filter(Boolean);
      const who = `${what === 'lease' ? 'runner' : 'session'} ${session}${about.length > 0 ? ` (${about.join(', ')})` : ''}`;
      return [who, query && `running: ${query}`, endBy && `to end it: ${endBy}`].filter(Boolean).join('; ');
    })
    .join(' | ');
}
