/**
 * What this instance knows of domains and links, so that a redirect normally costs no read.
 *
 * A domain's state is read again at most every `freshMs`, in the background, while the known one still answers; `hardMs` after its read
 * began a request waits for the new one instead. No hit extends either, so an edit shows on every instance within two seconds. A path's
 * links hold as long as the domain's revision (the version of its state) that was known before they were read: they can be newer than it, never
 * older. What does not exist is remembered the same way.
 *
 * While the store does not answer, what is known goes on answering, for a day; what is not known fails as `unavailable`.
 */
import { LRUCache } from 'lru-cache';
import type { Clock } from '#shared/clock.ts';
import { AppError } from '#shared/errors.ts';
import { candidates } from '#shared/links/decide.ts';
import type { Domain, DomainState, Link } from '#shared/links/records.ts';
import { parsePath, type RequestPath } from '#shared/links/slug.ts';
import type { Log } from '#shared/log.ts';
import { createRecentlyUsed } from '#shared/recently-used.ts';
import type { Store, Version } from '#shared/store/store.ts';
import { runOutOfScope } from '#shared/telemetry/scope.ts';
import { inTime } from './in-time.ts';

/** A path on a domain served here. `Ready` is whatever the user of the cache derives from it and wants to find again. */
export interface Known<Ready> {
  domain: Domain;
  path: RequestPath;
  /** What stands at the path's candidates. */
  links: readonly (Link | undefined)[];
  ready: Ready | undefined;
}

export interface Cache<Ready> {
  /** What is known well enough to answer by, without waiting; undefined where `find` has to be asked. `path` is in ASCII, without query. */
  peek(host: string, path: string): Known<Ready> | undefined;
  /** Reads what is missing. Errors: `unavailable`. */
  find(host: string, path: string): Promise<Known<Ready> | 'unknown-host' | 'malformed'>;
}

interface HostEntry {
  host: string;
  domain: Domain | undefined;
  depths: DomainState['prefixDepths'];
  revision: Version | undefined;
  /** When its last good read began, and when the last one failed, in monotonic milliseconds. */
  readAt: number;
  failedAt: number;
  refreshing: Promise<void> | undefined;
}

interface PathEntry<Ready> extends Known<Ready> {
  revision: Version | undefined;
  readAt: number;
}

const FRESHNESS = { local: { freshMs: 100, hardMs: 200 }, remote: { freshMs: 1_000, hardMs: 1_800 } };
const RETRY_MS = 1_000;
/** A failure longer ago says nothing of the store now: whoever asks waits for another try. Longer than a try takes to fail. */
const FAILING_MS = 10_000;
const MOST_STALE_MS = 24 * 3_600_000;
const MOST_HOSTS = 10_000;
/** Apart from the real ones, so that made-up Host headers push none of them out. */
const MOST_UNKNOWN_HOSTS = 2_000;
/** An entry counts for 400 bytes at least. A most number of them would cost the start some 11 ms (recently-used.ts). */
const MOST_PATH_BYTES = 48 * 1024 * 1024;

export function createCache<Ready>(store: Store, clock: Clock, log: Log): Cache<Ready> {
  const { freshMs, hardMs } = store.remote ? FRESHNESS.remote : FRESHNESS.local;
  const hosts = createRecentlyUsed<HostEntry>(MOST_HOSTS);
  const unknownHosts = createRecentlyUsed<HostEntry>(MOST_UNKNOWN_HOSTS);
  const paths = new LRUCache<string, PathEntry<Ready>>({ maxSize: MOST_PATH_BYTES, sizeCalculation: bytesOf });
  const firstReads = new Map<string, Promise<HostEntry>>();
  const pathReads = new Map<
    string,
    { revision: Version | undefined; entry: Promise<PathEntry<Ready> | 'malformed'> }
  >();
  let down = false;

  /** Every read of the store goes through here: bounded, and its outage told once. */
  const read = async <T>(work: Promise<T>): Promise<T> => {
    try {
      const answer = await inTime(work, clock);
      if (down) log.info('the store answers again');
      down = false;
      return answer;
    } catch (error) {
      if (!down) log.error('the store does not answer; only links known here are redirected', { error });
      down = true;
      throw error;
    }
  };

  /** The state first: a domain read after it cannot be older than the revision it is filed under. */
  const refresh = async (entry: HostEntry): Promise<void> => {
    const began = clock.mono();
    const state = await read(store.get<DomainState>('domain-state', entry.host));
    if (state && state.version !== entry.revision) {
      const domain = await read(store.get<Domain>('domains', entry.host));
      entry.domain = domain?.value;
    } else if (!state) entry.domain = undefined;
    entry.revision = state?.version;
    entry.depths = state?.value.prefixDepths ?? {};
    entry.readAt = began;
    entry.failedAt = -Infinity;
    const [home, other] = entry.domain ? [hosts, unknownHosts] : [unknownHosts, hosts];
    home.set(entry.host, entry);
    other.delete(entry.host);
  };

  const refreshOnce = (entry: HostEntry): Promise<void> => {
    entry.refreshing ??= refresh(entry)
      .catch(() => {
        entry.failedAt = clock.mono();
      })
      .finally(() => {
        entry.refreshing = undefined;
      });
    return entry.refreshing;
  };

  const usable = (entry: HostEntry): boolean => {
    const now = clock.mono();
    const age = now - entry.readAt;
    if (age < freshMs) return true;
    const failing = entry.failedAt > entry.readAt;
    const good = age < (failing && now - entry.failedAt < FAILING_MS ? MOST_STALE_MS : hardMs);
    // Who gets the known one does not wait for the new one, which is then no part of any request. Who has to wait reads it as a part of theirs.
    if (good && (!failing || now - entry.failedAt >= RETRY_MS)) void runOutOfScope(() => refreshOnce(entry));
    return good;
  };

  /** That something does not exist is said only by a store that answers. */
  const mayBeMissing = (entry: HostEntry, known: Known<Ready> | undefined): boolean =>
    entry.failedAt > entry.readAt && !known?.links.some(Boolean);

  const hostEntry = async (host: string): Promise<HostEntry> => {
    const known = hosts.get(host) ?? unknownHosts.get(host);
    if (known) {
      if (usable(known)) return known;
      await refreshOnce(known);
      if (clock.mono() - known.readAt < MOST_STALE_MS) return known;
      throw new AppError('unavailable', 'the store has not answered for too long');
    }
    let reading = firstReads.get(host);
    if (!reading) {
      const entry = {
        host,
        domain: undefined,
        depths: {},
        revision: undefined,
        readAt: 0,
        failedAt: -Infinity,
        refreshing: undefined,
      };
      reading = refresh(entry)
        .then(() => entry)
        .finally(() => firstReads.delete(host));
      firstReads.set(host, reading);
    }
    return reading;
  };

  const readPath = async ({ host, revision, depths }: HostEntry, domain: Domain, path: string) => {
    const readAt = clock.mono();
    const parsed = parsePath(path, domain);
    if (!parsed) return 'malformed';
    const ids = candidates(host, parsed, depths);
    const docs = ids.length > 0 ? await read(store.getMany<Link>('links', ids)) : [];
    const entry = { domain, path: parsed, links: docs.map((doc) => doc?.value), ready: undefined, revision, readAt };
    paths.set(host + path, entry);
    return entry;
  };

  return {
    peek(host, path) {
      const entry = hosts.get(host);
      if (!entry?.domain || !usable(entry)) return undefined;
      const known = paths.get(host + path);
      return known && known.revision === entry.revision && !mayBeMissing(entry, known) ? known : undefined;
    },
    async find(host, path) {
      const entry = await hostEntry(host);
      const key = host + path;
      const known = paths.get(key);
      if ((known || !entry.domain) && mayBeMissing(entry, known))
        throw new AppError('unavailable', 'the store does not answer, and no link is known here');
      if (!entry.domain) return 'unknown-host';
      if (known && known.revision === entry.revision) return known;
      let reading = pathReads.get(key);
      if (reading?.revision !== entry.revision) reading = undefined;
      if (!reading) {
        const started = { revision: entry.revision, entry: readPath(entry, entry.domain, path) };
        reading = started;
        pathReads.set(key, started);
        const forget = () => {
          if (pathReads.get(key) === started) pathReads.delete(key);
        };
        started.entry.then(forget, forget);
      }
      try {
        return await reading.entry;
      } catch (error) {
        if (known && clock.mono() - known.readAt < MOST_STALE_MS) return known;
        throw error;
      }
    },
  };
}

/** Roughly what an entry takes, its key included. */
function bytesOf(entry: PathEntry<unknown>, key: string): number {
  return entry.links.reduce((sum, link) => sum + (link ? 800 + 3 * link.target.length : 8), 400 + 4 * key.length);
}
