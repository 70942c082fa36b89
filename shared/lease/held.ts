/** One term as its holder sees it. It outlives its own end: then it is a Held that is over, also when the same contender leads again. */
import type { Clock } from '../clock.ts';
import { AppError, isAppError } from '../errors.ts';
import type { Store, Version, Write } from '../store/store.ts';
import type { Held } from './lease.ts';
import type { Machine } from './machine.ts';
import type { RecordVersion } from './record.ts';
import type { LeaseRecords } from './records.ts';

/** What is left of a commit for the caller's writes, whatever guard goes before them. */
const MAX_FENCED_WRITES = 498;

/** A Held and what only its contender may do with it. */
export interface Reign {
  readonly held: Held;
  readonly token: number;
  /** When it began, or was resumed: monotonic milliseconds. */
  readonly since: number;
  readonly over: boolean;
  /** `why` follows "the lease ...". */
  end(why: string): void;
}

interface ReignParts {
  name: string;
  fence: RecordVersion;
  machine: Machine;
  records: LeaseRecords;
  store: Store;
  clock: Clock;
  /** Gives the term back, if it is still there to be given; again and again does no harm. */
  giveBack(reign: Reign, successor: string | undefined): Promise<void>;
  /** Counts the writes of a guard. */
  guarded(writes: number): void;
}

export function createReign({ name, fence, machine, records, store, clock, giveBack, guarded }: ReignParts): Reign {
  const token = records.tokenOf(fence);
  const ended = new AbortController();
  let ending: string | undefined;

  const lost = (why: string) => new AppError('lease_lost', `the lease "${name}" ${why}`);

  function assert(): void {
    if (ending === undefined && machine.standing() === 'held') return;
    // A timer may be late after a pause; whoever listens to the signal should hear of it now.
    if (ending === undefined) machine.dispatch({ type: 'tick' });
    throw lost(ending ?? 'must be renewed before it is counted on: this machine seems to have been suspended');
  }

  async function fenced(writes: readonly Write[]): Promise<Version[]> {
    if (writes.length > MAX_FENCED_WRITES)
      throw new AppError(
        'too_large',
        `at most ${MAX_FENCED_WRITES} writes can be fenced together, not ${writes.length}`,
      );
    for (let attempt = 1; ; attempt++) {
      assert();
      const guard = await records.guard(name, fence);
      assert();
      try {
        guarded(guard.writes.length);
        const versions = await store.commit([...guard.writes, ...writes]);
        guard.committed(versions.slice(0, guard.writes.length));
        return versions.slice(guard.writes.length);
      } catch (error) {
        if (!isAppError(error, 'conflict')) {
          if (isAppError(error, 'outcome_unknown')) machine.dispatch({ type: 'doubt' });
          throw error;
        }
        const now = await guardThatHolds(error);
        // Another fenced commit of this very term may have changed the guard meanwhile.
        if (attempt > 1 || JSON.stringify(now) === JSON.stringify(guard.writes)) throw error;
      }
    }
  }

  /** After a conflict: whether the guard is to blame is found out by committing it alone. */
  async function guardThatHolds(refusal: unknown): Promise<readonly Write[]> {
    try {
      const guard = await records.guard(name, fence);
      guarded(guard.writes.length);
      guard.committed(await store.commit(guard.writes));
      return guard.writes;
    } catch (error) {
      // What is not found out changes nothing: these writes were refused.
      if (!isAppError(error, 'conflict') && !isAppError(error, 'lease_lost')) throw refusal;
      machine.dispatch({ type: 'doubt' });
      throw lost('is led by another term: these writes were refused');
    }
  }

  const held: Held = {
    name,
    token,
    signal: ended.signal,
    assert,
    remaining() {
      const { term, timing } = machine.state;
      if (ending !== undefined || !term || machine.standing() !== 'held') return 0;
      return Math.max(0, term.deadline - timing.guardMs - clock.mono());
    },
    fenced,
    release: ({ to } = {}) => giveBack(reign, to),
    [Symbol.asyncDispose]: () => held.release(),
  };
  const reign: Reign = {
    held,
    token,
    since: clock.mono(),
    get over() {
      return ending !== undefined;
    },
    end(why) {
      ending ??= why;
      ended.abort(lost(ending));
    },
  };
  return reign;
}
