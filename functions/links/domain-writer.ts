/** The one way domains are made, changed and removed; commits as the writer of links does, and with a new revision of the list of domains. */
import { isDeepStrictEqual } from 'node:util';
import type { Runtime } from '#shared/define.ts';
import { AppError } from '#shared/errors.ts';
import { fallbackRows } from '#shared/links/link-targets.ts';
import type { Domain, DomainState } from '#shared/links/records.ts';
import type { Doc } from '#shared/store/store.ts';
import { type ChangeSet, HOSTS, openChangeSet } from './change-set.ts';
import { renewLedTo, renewState } from './domain-state.ts';
import { acceptTarget, refuseLoop } from './judgement.ts';
import { createPersist } from './persist.ts';

/** What people decide about a domain. */
export type DomainFields = Omit<Domain, 'host' | 'createdAt' | 'updatedAt'>;

export interface DomainWriter {
  /**
   * Makes the domain or changes it to `fields`. `permit` sees what there is and throws to refuse. Throws `target_refused`, `redirect_loop`,
   * and `domain_not_empty` where the slugs of its links would be read in another way.
   */
  save(host: string, fields: DomainFields, permit: (current: Doc<Domain> | undefined) => void): Promise<SavedDomain>;
  /** Throws `not_found`, and `domain_not_empty` while it has links. */
  remove(host: string, permit: (current: Doc<Domain> | undefined) => void): Promise<void>;
}

export interface SavedDomain {
  created: boolean;
  doc: Doc<Domain>;
  /** How many links it has. */
  links: number;
}

const FALLBACKS = ['rootTarget', 'notFoundTarget', 'expiredTarget'] as const;

export function createDomainWriter({ store, ids, clock }: Pick<Runtime, 'store' | 'ids' | 'clock'>): DomainWriter {
  const persist = createPersist({ ids, clock });

  const save: DomainWriter['save'] = async (host, fields, permit) => {
    const set = await openChangeSet(store);
    const state = await set.view.get<DomainState>('domain-state', host);
    const current = await set.view.get<Domain>('domains', host);
    permit(current);
    const links = state?.value.links ?? 0;
    if (current && links > 0) refuseOtherModes(current.value, fields);
    const now = new Date(clock.now()).toISOString();
    const { createdAt, updatedAt } = current?.value ?? { createdAt: now, updatedAt: now };
    const domain: Domain = { host, ...fields, createdAt, updatedAt };
    // In the set before its targets are judged, since they may lead to the domain itself.
    await set.set('domains', host, domain);
    for (const name of FALLBACKS) {
      const target = fields[name];
      if (target !== undefined) domain[name] = await acceptTarget(set, target, `/${name}`);
    }
    if (current && isDeepStrictEqual(domain, current.value)) return { created: false, doc: current, links };
    domain.updatedAt = now;
    await refuseLoop(set, { domain }, '', clock.now());

    if (current) await renewState(set, host, ids.unique());
    else {
      await set.set('domain-state', host, { links: 0, prefixDepths: {}, nonce: ids.unique() } satisfies DomainState);
      await set.set(...HOSTS, { nonce: ids.unique() });
    }
    await moveRows(set, current?.value, domain);
    await renewLedTo(set, domain, ids.unique());
    const versionOf = await set.commit();
    return { created: !current, doc: { id: host, value: domain, version: versionOf('domains', host) }, links };
  };

  const remove: DomainWriter['remove'] = async (host, permit) => {
    const set = await openChangeSet(store);
    const state = await set.view.get<DomainState>('domain-state', host);
    const current = await set.view.get<Domain>('domains', host);
    if (!current) throw new AppError('not_found', `There is no domain ${host}`);
    permit(current);
    if (state && state.value.links > 0)
      throw new AppError('domain_not_empty', `The domain has ${state.value.links} links; delete them first`);
    await moveRows(set, current.value, undefined);
    await set.remove('domains', host);
    await set.remove('domain-state', host);
    await set.set(...HOSTS, { nonce: ids.unique() });
    await set.commit();
  };

  return {
    save: (host, fields, permit) => persist(() => save(host, fields, permit)),
    remove: (host, permit) => persist(() => remove(host, permit)),
  };
}

function refuseOtherModes(current: Domain, fields: DomainFields): void {
  const errors = (['case', 'trailingSlash'] as const)
    .filter((name) => current[name] !== fields[name])
    .map((name) => ({ pointer: `/${name}`, detail: `stays ${current[name]} while the domain has links` }));
  if (errors.length > 0)
    throw new AppError('domain_not_empty', 'How slugs are read is fixed while the domain has links', { errors });
}

async function moveRows(set: ChangeSet, before: Domain | undefined, after: Domain | undefined): Promise<void> {
  const rows = after ? fallbackRows(after) : [];
  for (const { id } of before ? fallbackRows(before) : [])
    if (!rows.some((row) => row.id === id)) await set.remove('link-targets', id);
  for (const { id, value } of rows) await set.set('link-targets', id, value);
}
