/**
 * Brings the documents of a file that was checked into a store. The store is looked at as a whole before anything is written to it, and afterwards all of
 * it is read back. Each document is thus read three times and written once.
 *
 * Ended in the middle it may be run again: what is there already is seen to be the same.
 */
import type { Clock } from '#shared/clock.ts';
import { AppError } from '#shared/errors.ts';
import type { Ids } from '#shared/ids.ts';
import { retry } from '#shared/retry.ts';
import type { Store } from '#shared/store/store.ts';
import { nameOf } from '#shared/store/validate.ts';
import type { Moved } from './file-format.ts';
import { requireLaterVersions } from './later-versions.ts';
import { FATES, type Fate, fatesOf, type Policy, pagesOf, writePage } from './page-fates.ts';
import { type CheckedFile, readMoved } from './read-file.ts';

interface ImportOptions {
  store: Store;
  clock: Clock;
  ids: Ids;
  path: string;
  /** What `checkFile` found at `path`. */
  file: CheckedFile;
  policy: Policy;
  dryRun: boolean;
}

/** How many documents of each collection met which fate. */
export type Counts = Record<string, Record<Fate, number>>;

export interface Imported {
  counts: Counts;
  /** Some that differ, where they are refused. */
  differing: string[];
}

/** Pages on their way at a time. */
const LANES = 4;
const RETRY = { attempts: 3, baseMs: 200, maxMs: 2_000 };
const SHOWN = 5;

/** Throws `conflict` where documents are there that differ, before anything was written; a dry run answers them. And what stands in the way of file and store. */
export async function importData(options: ImportOptions): Promise<Imported> {
  const { store, policy, dryRun, file } = options;
  const looked = await goThrough(options, (page, now) => fatesOf(store, page, { policy, now }));
  if (dryRun) return looked;
  const refused = Object.values(looked.counts).reduce((sum, { refuse }) => sum + refuse, 0);
  if (refused > 0)
    throw new AppError(
      'conflict',
      `${refused} documents are there already and differ, such as ${looked.differing.join(', ')}; nothing was written. --skip-existing keeps them, --replace overwrites them`,
    );

  await requireLaterVersions(options, file.trailer.highestToken);
  const { counts } = await goThrough(options, (page, now) => writePage(store, page, { policy, now }));
  const { counts: after } = await goThrough(options, (page, now) => fatesOf(store, page, { policy, now }));
  const amiss = Object.values(after).reduce((sum, fates) => sum + fates.create + fates.replace + fates.refuse, 0);
  if (amiss > 0)
    throw new AppError(
      'conflict',
      `${amiss} documents are not as they were written: something else writes to this store. Stop it and run the import again`,
    );
  return { counts, differing: [] };
}

async function goThrough(
  { clock, ids, path, file }: ImportOptions,
  work: (page: readonly Moved[], now: number) => Promise<Fate[]>,
): Promise<Pick<Imported, 'counts' | 'differing'>> {
  const counts: Counts = Object.fromEntries(file.header.collections.map((name) => [name, noFates()]));
  const differing: string[] = [];
  await eachInLanes(pagesOf(readMoved(path, file)), async (page) => {
    const fates = await retry(() => work(page, clock.now()), { clock, ids, ...RETRY });
    for (const [index, fate] of fates.entries()) {
      const document = page[index];
      const of = document && counts[document.collection];
      if (!of) continue;
      of[fate]++;
      if (fate === 'refuse' && differing.length < SHOWN) differing.push(nameOf(document));
    }
  });
  return { counts, differing };
}

function noFates(): Record<Fate, number> {
  return Object.fromEntries(FATES.map((fate) => [fate, 0])) as Record<Fate, number>;
}

/** After an error no page is begun; it is thrown when those under way have ended. */
async function eachInLanes<T>(pages: AsyncGenerator<T>, work: (page: T) => Promise<void>): Promise<void> {
  let failed = false;
  const lane = async () => {
    while (!failed) {
      const next = await pages.next();
      if (next.done) return;
      await work(next.value).catch((error: unknown) => {
        failed = true;
        throw error;
      });
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: LANES }, lane));
  await pages.return(undefined);
  for (const end of ended) if (end.status === 'rejected') throw end.reason;
}
