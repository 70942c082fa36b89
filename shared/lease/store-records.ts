/**
 * Leases in the store: two documents for each.
 *
 * | document | holds | is written |
 * |---|---|---|
 * | `leases`/name | the record | with each renewal too |
 * | `lease-terms`/name | the record as the term began with it | when a term begins or is broken, and then in one commit with the record; never deleted |
 *
 * All documents of one commit get the same version. So the term document's version is the record's `fence`: a taker need not read it, and a `check` of it
 * makes a commit fail once another term has begun, while renewals leave it alone.
 *
 * Where somebody has deleted the record, the term document stands in for it, at a version of its own kind: nobody takes the lease before that has stood
 * still for the duration, and the next renewal of a holder who lives writes the record anew. Where the term document is missing, or was written
 * by an import, the second attempt to begin a term sets it right.
 */
import { AppError, isAppError } from '../errors.ts';
import { createRecentlyUsed } from '../recently-used.ts';
import type { Doc, Store, Version, Write } from '../store/store.ts';
import { fenceOf, type LeaseRecord, type RecordVersion, type RecordWrite, type Sighting } from './record.ts';
import type { LeaseRecords } from './records.ts';

const RECORDS = 'leases';
const TERMS = 'lease-terms';

/** Names whose last known version and fence are kept; for others a taker reads once more. */
const KNOWN_NAMES = 10_000;

const GONE = 'gone:';

/** `kind`: `Firestore`, `SQLite` or `memory`. */
export function createStoreRecords(store: Store, kind: string): LeaseRecords {
  const known = createRecentlyUsed<Pick<Sighting, 'version' | 'record'>>(KNOWN_NAMES);
  const refused = createRecentlyUsed<RecordVersion>(KNOWN_NAMES);

  async function read(name: string): Promise<Sighting | undefined> {
    const doc = await store.get<LeaseRecord>(RECORDS, name);
    const sighting = doc ? sightingOf(doc) : goneOf(await store.get<LeaseRecord>(TERMS, name));
    if (sighting) known.set(name, sighting);
    return sighting;
  }

  async function write(name: string, { kind: what, expects, record }: RecordWrite): Promise<RecordVersion> {
    const term = what === 'take' ? await termAt(name, expects) : undefined;
    try {
      const [version = ''] = await store.commit(writesOf(name, what, expects, record, term));
      known.set(name, { version, record });
      return version;
    } catch (error) {
      if (what === 'take' && expects !== undefined && isAppError(error, 'conflict')) refused.set(name, expects);
      throw error;
    }
  }

  /** The version of the term document that goes with this version of the record. */
  async function termAt(name: string, expects: RecordVersion | undefined): Promise<Version | undefined> {
    if (expects === undefined) return undefined;
    // Whoever comes again with the version that was refused has seen it stand: then the term document is to blame.
    if (refused.get(name) === expects && !expects.startsWith(GONE)) return (await store.get(TERMS, name))?.version;
    const last = known.get(name);
    const sighting = last?.version === expects ? last : await read(name);
    if (sighting?.version !== expects) throw new AppError('conflict', `the lease "${name}" has changed meanwhile`);
    return fenceOf(sighting);
  }

  return {
    kind,
    remote: store.remote,
    read,
    write,
    tokenOf: (fence) => store.orderOf(fence),
    async guard(name, fence) {
      return { writes: [{ op: 'check', collection: TERMS, id: name, ifVersion: fence }], committed() {} };
    },
    async list(options) {
      const { docs, next } = await store.list(TERMS, options);
      return { names: docs.map(({ id }) => id), ...(next !== undefined && { next }) };
    },
    async close() {},
  };
}

/** `term`: the version of the term document; undefined where there is none. */
function writesOf(
  name: string,
  kind: RecordWrite['kind'],
  expects: RecordVersion | undefined,
  record: LeaseRecord,
  term: Version | undefined,
): Write[] {
  const gone = expects?.startsWith(GONE) ? expects.slice(GONE.length) : undefined;
  const ifVersion = gone === undefined ? expects : undefined;
  const writes = [put(RECORDS, name, record, ifVersion)];
  if (kind === 'take') return [...writes, put(TERMS, name, record, term)];
  return gone === undefined
    ? writes
    : [...writes, { op: 'check', collection: TERMS, id: name, ifVersion: gone } satisfies Write];
}

function put(collection: string, id: string, value: LeaseRecord, ifVersion: Version | undefined): Write {
  return ifVersion === undefined
    ? { op: 'create', collection, id, value }
    : { op: 'replace', collection, id, value, ifVersion };
}

function sightingOf({ id, value, version, ageMs }: Doc<LeaseRecord>): Sighting {
  return { version, record: checked(id, value), ...(ageMs !== undefined && { ageMs }) };
}

/** Without an age: the holder may have renewed until a moment ago. */
function goneOf(term: Doc<LeaseRecord> | undefined): Sighting | undefined {
  if (!term) return undefined;
  const { id, value, version } = term;
  return { version: `${GONE}${version}`, record: { ...checked(id, value), fence: version } };
}

/** Somebody may have edited it by hand. */
function checked(name: string, value: LeaseRecord): LeaseRecord {
  const { holder, nonce, since, durationMs, renewals, term } = value;
  const whole = [holder, nonce, since].every((text) => typeof text === 'string');
  if (whole && [durationMs, renewals, term].every((number) => Number.isFinite(number) && number >= 0)) return value;
  throw new AppError('invalid', `${RECORDS}/${name} was not written by Hawker; delete that document`);
}
