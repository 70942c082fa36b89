/** A database in this process that behaves like those to migrate, with accidents on order: what the runner's tests run against. */
import { AppError } from '../errors.ts';
import type { Step, VersionState } from './migration.ts';
import type { Applied, ApplyGiven, Estimate, HistoryRow, ServerProgress, Session } from './session.ts';

/** `lost`: nothing happens and the connection is gone. `answer lost`: all happens, then it is gone. `half`: one statement of a step outside a transaction, then it is gone. `busy`: gave way to a lock. */
export type Accident = 'lost' | 'answer lost' | 'half' | 'busy' | 'refused' | 'none';

const STATEMENTS = 2;
/** Of one page. */
const ROWS = 10;
const keyOf = ({ direction, migration }: Step) => `${direction} ${migration.version}`;

export function createMemoryDatabase() {
  let state: VersionState = { version: undefined, dirty: false };
  let history: HistoryRow[] = [];
  let mark: { key: string; done: number } | undefined;
  let fence = 0;
  let lock: object | undefined;
  let opened = 0;

  const database = {
    /** Of each statement that took effect, in their order: the step, its number, the token. */
    effects: [] as { key: string; statement: number; token: number }[],
    /** What becomes of the next calls of `apply`, in turn. */
    accidents: [] as Accident[],
    /** How many pages a step has, by its key (`up 2`); any other has statements. */
    pages: {} as Record<string, number>,
    /** Runs before each page. */
    inPage: undefined as ((page: number) => Promise<unknown> | undefined) | undefined,
    /** Of the steps in pages, or of all where there is a price. */
    price: undefined as number | undefined,
    /** How often `estimate` was asked. */
    estimates: 0,
    /** Answers `progress`. */
    tells: undefined as (() => Promise<ServerProgress | undefined>) | undefined,
    /** Runs inside `apply`, before anything happens. */
    meanwhile: undefined as ((step: Step) => Promise<unknown> | undefined) | undefined,
    /** Whether a dead connection's lock stays, as where a pooler or a server has not noticed. */
    holder: undefined as string | undefined,
    unknowable: false,
    get state() {
      return state;
    },
    set state(next: VersionState) {
      state = next;
    },
    get history() {
      return history;
    },
    /** Frees the lock as a server does that ends a session. */
    freeLock() {
      lock = undefined;
    },
    open,
  };

  /** `own` runs inside its `apply`, as `meanwhile` does in that of every session. */
  function open(own?: () => Promise<unknown>): Session {
    const me = { session: `${++opened}` };
    let isAlive = true;
    const alive = () => {
      if (!isAlive) throw new AppError('unavailable', 'the connection was lost');
    };
    const lose = () => {
      isAlive = false;
      if (lock === me) lock = undefined;
    };
    const fenced = (token: number) => {
      if (token < fence) throw new AppError('lease_lost', `token ${token} is below ${fence}`);
    };
    type Known = Pick<HistoryRow, 'version' | 'name' | 'direction' | 'run' | 'by' | 'token'>;
    const record = (row: Known & Partial<Pick<HistoryRow, 'checksum' | 'down'>>) => {
      const rest = { at: '2026-01-01T00:00:00Z', ms: 1, bundle: '' };
      history = [{ checksum: undefined, down: undefined, ...row, ...rest }, ...history];
    };
    /** Each page has taken effect when it is told of. */
    const inPages = async (step: Step, given: ApplyGiven, accident: Accident): Promise<Applied['stopped']> => {
      const [key, pages] = [keyOf(step), database.pages[keyOf(step)] ?? 0];
      for (let page = (mark?.done ?? 0) + 1; page <= pages; page++) {
        state = { version: step.to, dirty: true };
        await database.inPage?.(page);
        alive();
        given.signal.throwIfAborted();
        fenced(given.token);
        database.effects.push({ key, statement: page, token: given.token });
        mark = { key, done: page };
        if (accident === 'half') {
          lose();
          throw new AppError('outcome_unknown', 'the connection was lost');
        }
        const stopped = await given.onPage?.({ pages: page, rows: page * ROWS, written: page * ROWS });
        if (stopped) return stopped;
      }
      return undefined;
    };
    return {
      kind: 'postgres',
      prepare: async () => alive(),
      async state() {
        alive();
        return state;
      },
      async tryLock() {
        alive();
        if (database.holder !== undefined || (lock && lock !== me)) return false;
        lock = me;
        return true;
      },
      holdsLock: async () => lock === me,
      async unlock() {
        const held = lock === me;
        if (held) lock = undefined;
        return held;
      },
      async holders() {
        alive();
        if (database.holder === undefined) return lock ? [{ session: (lock as typeof me).session }] : [];
        const endBy = `SELECT pg_terminate_backend(${database.holder})`;
        return [
          { session: database.holder, application: 'psql', since: '2026-01-01T00:00:00Z', query: 'select 1', endBy },
        ];
      },
      async raiseFence(token) {
        alive();
        fenced(token);
        fence = token;
      },
      async apply(step, given) {
        const key = keyOf(step);
        const apart = step.migration[step.direction]?.directives.noTransaction === true;
        await database.meanwhile?.(step);
        await own?.();
        const accident = database.accidents.shift() ?? 'none';
        alive();
        given.signal.throwIfAborted();
        fenced(given.token);
        const goesOn = state.dirty && mark?.key === key && state.version === step.to;
        if (!goesOn && (state.dirty || state.version !== step.from)) throw new AppError('conflict', 'not as planned');
        if (accident === 'busy')
          throw new AppError('migration_failed', 'gave way', { cause: Object.assign(new Error(), { code: '55P03' }) });
        if (accident === 'refused')
          throw new AppError('migration_failed', 'no such table', { cause: { statement: 2, line: 9 } });
        if (accident === 'lost' || (accident === 'half' && !apart && !(key in database.pages))) {
          lose();
          throw new AppError('unavailable', 'the connection was lost');
        }
        mark = goesOn ? mark : { key, done: 0 };
        const stopped = await inPages(step, given, accident);
        if (stopped) return { ms: 1, statements: 1, stopped };
        const count = key in database.pages ? 0 : STATEMENTS;
        for (let statement = (mark?.done ?? 0) + 1; statement <= count; statement++) {
          if (apart) {
            state = { version: step.to, dirty: true };
            given.onStatement?.(statement, STATEMENTS);
          }
          database.effects.push({ key, statement, token: given.token });
          mark = { key, done: statement };
          if (accident === 'half') {
            lose();
            throw new AppError('outcome_unknown', 'the connection was lost');
          }
        }
        state = { version: step.to, dirty: false };
        mark = undefined;
        const { version, name, down } = step.migration;
        const texts = step.direction === 'up' ? { checksum: step.migration.up?.checksum, down: down?.text } : {};
        record({ ...given, ...texts, version, name, direction: step.direction });
        if (accident === 'answer lost') {
          lose();
          throw new AppError('outcome_unknown', 'the connection was lost');
        }
        return { ms: 1, statements: STATEMENTS };
      },
      async look(step) {
        alive();
        if (database.unknowable || mark?.key !== keyOf(step)) return 'unknown';
        if (mark.key in database.pages) return { pagesDone: mark.done };
        if (mark.done === 0) return 'not applied';
        return mark.done === STATEMENTS ? 'applied' : { statementsDone: mark.done };
      },
      async stamp(next, given) {
        alive();
        fenced(given.token);
        state = next;
        mark = undefined;
        record({ ...given, version: given.of ?? next.version ?? -1n });
      },
      async history(limit) {
        alive();
        return history.slice(0, limit);
      },
      fingerprint: async () => '',
      sizes: async () => [],
      async estimate(step) {
        database.estimates++;
        const pages = (database.pages[keyOf(step)] ?? 0) - (mark?.key === keyOf(step) ? mark.done : 0);
        if (pages === 0 && database.price === undefined) return undefined;
        const costUsd = database.price;
        return { rows: pages * ROWS, pages, etaMs: 0, ...(costUsd !== undefined && { costUsd }) } satisfies Estimate;
      },
      preview: async () => [],
      progress: async () => database.tells?.(),
      cancel: async () => {},
      async [Symbol.asyncDispose]() {
        lose();
      },
    };
  }

  return database;
}
