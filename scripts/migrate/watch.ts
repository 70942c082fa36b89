/** Sees what a runner does, as it does it: through the session and the records that it is given. */
import { systemClock } from '#shared/clock.ts';
import type { Step } from '#shared/migrations/migration.ts';
import type { RunRecord } from '#shared/migrations/run.ts';
import type { Runs } from '#shared/migrations/run-records.ts';
import type { ApplyGiven, Session } from '#shared/migrations/session.ts';
import type { Stop } from './signals.ts';

export interface Teller {
  began?(run: string): void;
  waiting(what: NonNullable<RunRecord['waitingFor']>): void;
  /** It took effect, in so many milliseconds. */
  applied(step: Step, ms: number): void;
  stopping(signal: NodeJS.Signals): void;
}

export function watchSession(session: Session, { teller, stop }: { teller: Teller; stop: Stop }): Session {
  const apply: Session['apply'] = (step, { onPage: tell, ...given }) =>
    stop.during(async () => {
      const onPage: ApplyGiven['onPage'] =
        tell &&
        ((done) => {
          stop.betweenPages();
          return tell(done);
        });
      const began = systemClock.mono();
      const applied = await session.apply(step, { ...given, ...(onPage && { onPage }) });
      if (!applied.stopped) teller.applied(step, systemClock.mono() - began);
      return applied;
    });
  return new Proxy(session, {
    get(target, key) {
      if (key === 'apply') return apply;
      const value: unknown = Reflect.get(target, key);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

/** Told once for the lease and once for the lock. */
export function watchRuns(runs: Runs, teller: Pick<Teller, 'waiting'>): Runs {
  const told = new Set<string>();
  return {
    ...runs,
    async update(id, change) {
      const record = await runs.update(id, change);
      const waiting = record?.waitingFor;
      if (waiting && !told.has(waiting.what)) {
        told.add(waiting.what);
        teller.waiting(waiting);
      }
      return record;
    },
  };
}
