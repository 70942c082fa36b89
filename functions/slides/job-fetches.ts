/** Who fetched the images of a job: the audit records, the oldest first. */
import { decodeCursor, encodeCursor } from '#shared/http/paging.ts';
import { FETCHES, type FetchRecord } from '#shared/slides/grant-record.ts';
import { docId, type Store } from '#shared/store/store.ts';

interface Asked {
  job: string;
  limit: number;
  cursor: string | undefined;
}

/** A job that nobody fetched for, or that never was, has none. Throws `invalid` for a cursor of another list, and what the store throws. */
export async function jobFetches(store: Store, { job, limit, cursor }: Asked) {
  const prefix = `${docId(job)}|`;
  const after = decodeCursor(cursor, prefix);
  const { docs, next } = await store.list<FetchRecord>(FETCHES, { prefix, limit, ...(after && { after }) });
  const items = docs.map(({ value: { at, image, userAgent, address, gets } }) => ({
    at,
    image,
    userAgent,
    address,
    gets,
  }));
  return { items, ...(next && { nextCursor: encodeCursor(next) }) };
}
