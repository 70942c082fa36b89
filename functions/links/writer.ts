/**
 * The one way links are changed. A commit holds the links, the rows that index their targets, and a new revision of their domain
 * (`domain-state`), on which the caches of `redirects` rest; it also expects every domain that the loop check looked at to be as it was.
 * So of two edits that would close a loop between them one conflicts, and is judged again on what the other wrote.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Runtime } from '#shared/define.ts';
import { AppError, isAppError } from '#shared/errors.ts';
import { linkTargetRow } from '#shared/links/link-targets.ts';
import { type Domain, type Link, linkDocId, type Match } from '#shared/links/records.ts';
import { parseSlug, type Slug } from '#shared/links/slug.ts';
import type { Doc } from '#shared/store/store.ts';
import { type ChangeSet, openChangeSet } from './change-set.ts';
import { recounted, renewLedTo, renewState } from './domain-state.ts';
import { acceptTarget, at, refuseBackwards, refuseLoop } from './judgement.ts';
import { createPersist } from './persist.ts';

/** What people decide about a link; the writer adds the rest. */
export type LinkFields = Omit<Link, 'id' | 'host' | 'slug' | 'match' | 'createdAt' | 'updatedAt'>;

export interface LinkChange {
  /** In any spelling that parseSlug takes. */
  slug: string;
  match: Match;
  /** What the link is to be, given what it is now; undefined removes it. Throws AppError to refuse. Called anew after a conflict. */
  edit(current: Doc<Link> | undefined): LinkFields | undefined;
}

export type LinkResult =
  | { outcome: 'created' | 'changed' | 'unchanged'; doc: Doc<Link> }
  | { outcome: 'removed' }
  /** Nothing was written for this one. */
  | { outcome: 'refused'; error: AppError };

export interface SaveOptions {
  dryRun?: boolean;
  onCommitted?: (results: readonly LinkResult[]) => void;
}

export interface LinkWriter {
  /**
   * Makes the changes in order, in few commits: each is atomic, the whole is not. Answers what became of each; with `dryRun` what would have,
   * new versions being ''. `onCommitted` hears of each commit's when it is made, also of those before one that fails. Throws `not_found` where there is no such domain, `conflict` where others kept changing the same things, and what
   * the store throws.
   */
  saveLinks(host: string, changes: readonly LinkChange[], options?: SaveOptions): Promise<LinkResult[]>;
}

/** Where a change goes, or why it cannot. */
type Planned = { change: LinkChange } & ({ slug: Slug; id: string } | { error: AppError });

/** Changes that one commit takes on at most; fewer where it gets full. */
const BATCH = 100;

export function createLinkWriter({ store, ids, clock }: Pick<Runtime, 'store' | 'ids' | 'clock'>): LinkWriter {
  const persist = createPersist({ ids, clock });

  const saveBatch = async (host: string, changes: readonly LinkChange[], dryRun: boolean): Promise<LinkResult[]> => {
    const set = await openChangeSet(store);
    const domain = await set.lookup.domain(host);
    if (!domain) throw new AppError('not_found', `There is no domain ${host}`);
    const planned = changes.map((change) => plan(domain, change));
    await prefetch(set, domain, planned);

    const results: LinkResult[] = [];
    for (const one of planned) {
      if (!dryRun && set.isFull()) break;
      results.push('error' in one ? { outcome: 'refused', error: one.error } : await apply(set, domain, one));
    }
    if (dryRun) return results;
    const versionOf = await set.commit();
    return results.map((result) =>
      result.outcome === 'created' || result.outcome === 'changed'
        ? { ...result, doc: { ...result.doc, version: versionOf('links', result.doc.id) } }
        : result,
    );
  };

  const apply = async (
    set: ChangeSet,
    domain: Domain,
    one: Planned & { slug: Slug; id: string },
  ): Promise<LinkResult> => {
    const current = await set.view.get<Link>('links', one.id);
    try {
      const next = await judge(set, domain, one, current);
      if (current && isDeepStrictEqual(next, current.value)) return { outcome: 'unchanged', doc: current };
      if (!next && !current) return { outcome: 'removed' };
      await refuseLoop(set, next ? { link: next } : { removed: (current as Doc<Link>).value }, '/target', clock.now());
      await put(set, domain, one, current, next);
      if (!next) return { outcome: 'removed' };
      return { outcome: current ? 'changed' : 'created', doc: { id: one.id, value: next, version: '' } };
    } catch (error) {
      if (isAppError(error) && !error.retryable) return { outcome: 'refused', error };
      throw error;
    }
  };

  /** The link as it would be; the same as `current` where nothing changes. */
  const judge = async (
    set: ChangeSet,
    domain: Domain,
    { change, slug }: Planned & { slug: Slug },
    current: Doc<Link> | undefined,
  ): Promise<Link | undefined> => {
    const fields = change.edit(current);
    if (!fields) return undefined;
    refuseBackwards(fields);
    const now = new Date(clock.now()).toISOString();
    const kept = current?.value ?? { id: ids.unique(), slug: slug.display, createdAt: now, updatedAt: now };
    const next: Link = {
      id: kept.id,
      host: domain.host,
      slug: kept.slug,
      match: change.match,
      ...fields,
      target: await acceptTarget(set, fields.target, '/target'),
      createdAt: kept.createdAt,
      updatedAt: kept.updatedAt,
    };
    return isDeepStrictEqual(next, current?.value) ? next : { ...next, updatedAt: now };
  };

  const put = async (
    set: ChangeSet,
    domain: Domain,
    { id, slug, change }: Planned & { slug: Slug; id: string },
    current: Doc<Link> | undefined,
    next: Link | undefined,
  ): Promise<void> => {
    const before = current && linkTargetRow(current.value, domain);
    const after = next && linkTargetRow(next, domain);
    if (before && before.id !== after?.id) await set.remove('link-targets', before.id);
    if (after) await set.set('link-targets', after.id, after.value);
    if (next) await set.set('links', id, next);
    else await set.remove('links', id);
    if (!next && current?.value.clickLimit !== undefined) await set.remove('link-uses', current.value.id);
    const difference = Number(next !== undefined) - Number(current !== undefined);
    await renewState(set, domain.host, ids.unique(), (state) => recounted(state, change.match, slug.depth, difference));
    if (next) await renewLedTo(set, next, ids.unique());
  };

  return {
    async saveLinks(host, changes, { dryRun = false, onCommitted } = {}) {
      const results: LinkResult[] = [];
      while (results.length < changes.length) {
        const batch = dryRun ? changes : changes.slice(results.length, results.length + BATCH);
        const done = await persist(() => saveBatch(host, batch, dryRun));
        results.push(...done);
        onCommitted?.(done);
      }
      return results;
    },
  };
}

function plan(domain: Domain, change: LinkChange): Planned {
  try {
    const slug = at('/slug', () => parseSlug(change.slug, domain, change.match));
    return { change, slug, id: linkDocId(domain.host, slug.key, change.match) };
  } catch (error) {
    if (isAppError(error)) return { change, error };
    throw error;
  }
}

/** Two reads instead of two for each change. */
async function prefetch(set: ChangeSet, domain: Domain, planned: readonly Planned[]): Promise<void> {
  const docs = await set.view.getMany<Link>(
    'links',
    planned.flatMap((one) => ('id' in one ? one.id : [])),
  );
  await set.view.getMany(
    'link-targets',
    docs.flatMap((doc) => (doc ? linkTargetRow(doc.value, domain).id : [])),
  );
}
