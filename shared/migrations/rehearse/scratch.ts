/** An empty database for one rehearsal, gone afterwards. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AppError } from '../../errors.ts';
import { openAt } from '../index.ts';
import type { Bundle } from '../migration.ts';
import type { Session } from '../session.ts';
import type { Target } from '../target.ts';
import type { Engine, RehearseGiven } from './rehearse.ts';
import { makeDatabase } from './scratch-server.ts';

export interface Scratch {
  readonly engine: Engine;
  readonly session: Session;
  /** Why it is of no more use. */
  ended(): AppError | undefined;
  /** What helps where a script failed for what this one lacks. */
  advice(error: AppError): string | undefined;
  /** Removes the database. Throws where it cannot; safe to repeat. */
  close(): Promise<void>;
}

const APPLICATION = 'hawker rehearsal';
const NAME_ONE = 'name a scratch server for it: "rehearse": {"address": {"variable": "..."}} in the targets file';
/** A feature, a role, an extension or a file of the server that is not there. */
const LACKS =
  /\((?:0A000|58P01|3D000)\)|\b(?:role|extension|language|collation|text search configuration) ".*\(42704\)/s;

export async function openScratch(target: Target, given: RehearseGiven): Promise<Scratch> {
  const { kind, rehearse } = target;
  given.signal.throwIfAborted();
  if (kind === 'firestore')
    throw new AppError('migration_refused', `target ${target.name}: Firestore has no schema that could be rehearsed`);
  if (kind === 'sqlite') return inFile({ ...target, kind }, given);
  if (rehearse) return onServer({ ...target, kind }, rehearse, given);
  if (kind === 'postgres') return inProcess({ ...target, kind }, given);
  throw new AppError(
    'migration_refused',
    `target ${target.name}: MySQL cannot be rehearsed in this process; ${NAME_ONE}`,
  );
}

async function inFile(target: Target & { kind: 'sqlite' }, { clock, signal }: RehearseGiven): Promise<Scratch> {
  const folder = await mkdtemp(join(tmpdir(), 'hawker-rehearsal-'));
  const remove = () => rm(folder, { recursive: true, force: true });
  return scratchOf('sqlite', remove, () =>
    openAt(target, join(folder, 'scratch.db'), { signal, clock, application: APPLICATION }),
  );
}

async function inProcess(target: Target & { kind: 'postgres' }, given: RehearseGiven): Promise<Scratch> {
  const { clock, signal, bundle } = given;
  const { startPglite } = await import('../postgres/pglite-server.ts');
  const server = await startPglite({ extensions: extensionsOf(bundle), clock, signal }).catch((error: unknown) => {
    if (!(error instanceof AppError)) throw error;
    throw new AppError(error.code, `${error.message}; ${NAME_ONE}, or rehearse on the command line`);
  });
  const stop = async () => server[Symbol.asyncDispose]();
  const scratch = await scratchOf('pglite', stop, () =>
    openAt(target, server.route, { signal, clock, application: APPLICATION }),
  );
  return {
    ...scratch,
    ended: server.ended,
    advice: ({ message }) =>
      server.ended() || LACKS.test(message)
        ? `This was a PostgreSQL within the process, which lacks what others have; ${NAME_ONE}`
        : undefined,
  };
}

async function onServer(
  target: Target & { kind: 'postgres' | 'mysql' },
  rehearse: NonNullable<Target['rehearse']>,
  given: RehearseGiven,
): Promise<Scratch> {
  const { clock, signal } = given;
  const { address, drop } = await makeDatabase(target, rehearse, given);
  return scratchOf('scratch', drop, () => openAt(target, address, { signal, clock, application: APPLICATION }));
}

async function scratchOf(engine: Engine, remove: () => Promise<void>, open: () => Promise<Session>): Promise<Scratch> {
  let session: Session;
  try {
    session = await open();
  } catch (error) {
    await remove().catch(() => {});
    throw error;
  }
  const close = async () => {
    await session[Symbol.asyncDispose]();
    await remove();
  };
  return { engine, session, close, ended: () => undefined, advice: () => undefined };
}

/** Those that the scripts may ask for; one that a comment speaks of does no harm. */
function extensionsOf({ migrations }: Bundle): string[] {
  const texts = migrations.flatMap(({ up, down }) => [up?.text ?? '', down?.text ?? '']);
  const named = texts.flatMap((text) => [
    ...text.matchAll(/\bcreate\s+extension\s+(?:if\s+not\s+exists\s+)?"?([\w-]+)"?/gi),
  ]);
  return [...new Set(named.map(([, name = '']) => name.toLowerCase()))];
}
