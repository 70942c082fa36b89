/** Writes all documents that move into one file, page by page. */
import type { Clock } from '#shared/clock.ts';
import { isAppError } from '#shared/errors.ts';
import type { Page, Store } from '#shared/store/store.ts';
import { exportedValue, TERMS } from './collections.ts';
import { headerOf, movedOf, type Trailer } from './file-format.ts';
import { openPartFile } from './part-file.ts';

/** About as much as one page should weigh: documents of the size of those before it, as many as that. */
const PAGE_BYTES = 4 * 1_048_576;
/** Of the largest documents, too, this many arrive in time. */
const FIRST_PAGE = 10;
const LARGEST_PAGE = 1_000;

interface ExportOptions {
  store: Store;
  clock: Pick<Clock, 'now'>;
  collections: readonly string[];
  /** The file to make. */
  path: string;
  /** What the file says it comes from. */
  from: string;
  resume: boolean;
  /** Whether all reads see the store as it is at one moment. */
  oneMoment: boolean;
}

/** Documents whose time is over stay behind. Throws what the store throws and what stands in the way of the file; what was written is left for `resume`. */
export async function exportData(options: ExportOptions): Promise<Trailer> {
  const { store, clock, collections, path, from, resume } = options;
  const begun = clock.now();
  const header = headerOf({ at: new Date(begun).toISOString(), store: from, collections: [...collections] });
  const file = await openPartFile(path, header, resume);
  try {
    const left = file.sums.last();
    const rest = left ? collections.slice(collections.indexOf(left.collection)) : collections;
    for (const collection of rest)
      for await (const { docs } of pagesOf(store, collection, left?.collection === collection ? left.id : undefined)) {
        const current = docs.filter(({ expireAt }) => !expireAt || expireAt.getTime() > begun);
        await file.write(current.map((doc) => movedOf(collection, doc, exportedValue(collection, doc.value))));
      }
    // After everything else: a term that began meanwhile counts.
    const highestToken = collections.includes(TERMS) ? await highestTokenOf(store) : 0;
    const oneMoment = options.oneMoment && !resume;
    return await file.finish({ end: true, at: new Date(clock.now()).toISOString(), oneMoment, highestToken });
  } finally {
    await file.close();
  }
}

async function highestTokenOf(store: Store): Promise<number> {
  let highest = 0;
  for await (const { docs } of pagesOf(store, TERMS))
    for (const { version } of docs) highest = Math.max(highest, store.orderOf(version));
  return highest;
}

async function* pagesOf(store: Store, collection: string, from?: string): AsyncGenerator<Page> {
  let limit = FIRST_PAGE;
  for (let after = from; ; ) {
    let page: Page;
    try {
      page = await store.list(collection, { limit, ...(after !== undefined && { after }) });
    } catch (error) {
      // Documents may be large all at once, and then fewer of them may arrive in time.
      if (!isAppError(error, 'unavailable') || limit <= FIRST_PAGE) throw error;
      limit = FIRST_PAGE;
      continue;
    }
    yield page;
    if (page.next === undefined) return;
    after = page.next;
    const bytes = page.docs.reduce((sum, { value }) => sum + JSON.stringify(value).length, 1);
    limit = Math.max(1, Math.min(LARGEST_PAGE, limit * 4, Math.floor((page.docs.length * PAGE_BYTES) / bytes)));
  }
}
