/**
 * One step on documents. A script goes through its pages (take-page.ts): the first one marks the version with its own effect, each keeps the checkpoint, and behind the last one the step is stamped. So nothing is marked of which
 * nothing took effect, and what is marked can be gone on with, by whoever has the next token.
 */
import { AppError } from '../../errors.ts';
import { runPages } from '../backfill/pages.ts';
import type { Step } from '../migration.ts';
import type { Applied, ApplyGiven, HistoryRow, Session, StopReason, Truth } from '../session.ts';
import { ask, type Connection } from './connection.ts';
import { commitOurs, readOurs } from './ours.ts';
import { rateAt } from './pace.ts';
import { type DocumentsScript, loadScript } from './script.ts';
import { askQuery, createPages, nameOf, queryOf, underWayOf } from './take-page.ts';

export async function applyDocuments(
  connection: Connection,
  step: Step,
  given: ApplyGiven,
  isCancelled: () => boolean,
): Promise<Applied> {
  const { clock } = connection;
  const began = clock.mono();
  const text = step.migration[step.direction];
  const script = text && (await loadScript(text));
  const before = underWayOf(await readFenced(connection, given), step, script);
  let pages = before?.pages ?? 0;
  if (script) {
    const total = before?.total ?? (await countOf(connection, script, undefined, given.signal));
    const page = createPages({ connection, script, step, given, total });
    const onPage = async (...done: Parameters<NonNullable<ApplyGiven['onPage']>>): Promise<StopReason | undefined> =>
      (await given.onPage?.(...done)) ?? (isCancelled() ? 'cancelled' : undefined);
    const paged = await runPages({
      ...{ clock, onPage, signal: given.signal, rowsPerSecond: script.perSecond },
      before: { pages, rows: before?.read ?? 0, written: before?.written ?? 0, rowsTotal: total },
      async page() {
        const since = clock.mono();
        const taken = await page();
        const rate = rateAt(since - began, script.perSecond, connection.ramps);
        const left = (taken.rows * 1_000) / rate - (clock.mono() - since);
        // The loop keeps to the script's pace; until Firestore is ready for that, this one is slower.
        if (rate < script.perSecond && left > 0) await clock.sleep(left, given.signal);
        return taken;
      },
    });
    pages = paged.done.pages;
    if (paged.stopped) return { ms: clock.mono() - began, statements: pages, stopped: paged.stopped };
  }
  const ms = clock.mono() - began;
  await commitOurs(connection, given, async (ours) => {
    const underWay = underWayOf(ours, step, script);
    if ((underWay?.pages ?? 0) !== pages) throw new AppError('conflict', 'somebody else went on with this step');
    const state = { version: step.to, dirty: false };
    return { answer: undefined, write: { state, underWay: undefined, row: rowOf(connection, step, given, ms) } };
  });
  return { ms, statements: pages };
}

async function readFenced(connection: Connection, { token, signal }: ApplyGiven) {
  const ours = await readOurs(connection, signal);
  if (token < ours.token) throw new AppError('lease_lost', 'a later term has written to this database');
  return ours;
}

function rowOf({ clock }: Connection, { direction, migration }: Step, given: ApplyGiven, ms: number): HistoryRow {
  return {
    ...{ version: migration.version, name: migration.name, direction, checksum: migration[direction]?.checksum },
    ...{ down: direction === 'up' ? migration.down?.text : undefined, at: new Date(clock.now()).toISOString(), ms },
    ...{ run: given.run, by: given.by, token: given.token, bundle: given.bundle },
  };
}

export async function lookAtDocuments(connection: Connection, step: Step): Promise<Truth> {
  const { state, underWay } = await readOurs(connection);
  if (!state.dirty && state.version === step.to) return 'applied';
  if (!state.dirty && state.version === step.from) return 'not applied';
  const isThis = state.dirty && state.version === step.to && underWay?.step === nameOf(step);
  return isThis ? { pagesDone: underWay.pages } : 'unknown';
}

export async function stampDocuments(
  connection: Connection,
  ...[state, given]: Parameters<Session['stamp']>
): Promise<void> {
  const { name, direction, checksum, down, run, by, token, bundle } = given;
  const row: HistoryRow = {
    // golang-migrate's number of no version.
    ...{ version: given.of ?? state.version ?? -1n, name, direction, checksum, down },
    ...{ at: new Date(connection.clock.now()).toISOString(), ms: 0, run, by, token, bundle },
  };
  await commitOurs(connection, given, async () => ({ answer: undefined, write: { state, underWay: undefined, row } }));
}

/** Of the documents behind the cursor. */
export async function countOf(
  connection: Connection,
  script: DocumentsScript,
  cursor: string | undefined,
  signal?: AbortSignal,
): Promise<number> {
  const query = queryOf(connection, script, cursor).count();
  const found = await askQuery(connection, script, () => ask(connection, () => query.get(), signal), signal);
  return Number(found.data().count);
}
