/** For tests: a domain in memory that files are imported into, and what it then answers. */
import { systemClock } from '#shared/clock.ts';
import { systemIds } from '#shared/ids.ts';
import type { Domain, Link } from '#shared/links/records.ts';
import { resolve } from '#shared/links/resolve.ts';
import { withShorthands } from '#shared/store/index.ts';
import { createMemoryDriver } from '#shared/store/memory.ts';
import type { Page, Store } from '#shared/store/store.ts';
import { aDomain, aLookup } from '#shared/testing/links.ts';
import { createDomainWriter } from '../domain-writer.ts';
import { createLinkWriter, type LinkWriter } from '../writer.ts';
import { FORMATS } from './formats.ts';
import { type ImportReport, importLinks } from './import-links.ts';

export type FormatName = keyof typeof FORMATS;

interface Site {
  domain: Domain;
  store: Store;
  writer: LinkWriter;
  import(format: FormatName, text: string, options?: { base?: string; dryRun?: boolean }): Promise<ImportReport>;
  export(format: FormatName): Promise<string>;
  /** In the order of their documents. */
  links(): Promise<Link[]>;
}

export async function aSite(
  given: Partial<Domain> = {},
  store: Store = withShorthands(createMemoryDriver()),
): Promise<Site> {
  const parts = { store, ids: systemIds, clock: systemClock };
  const writer = createLinkWriter(parts);
  const { host, case: letters, trailingSlash, defaultStatus } = aDomain(given);
  const { doc } = await createDomainWriter(parts).save(
    host,
    { case: letters, trailingSlash, defaultStatus },
    () => undefined,
  );
  const domain = doc.value;
  const links = async () => {
    const found: Link[] = [];
    for (let after: string | undefined = ''; after !== undefined; ) {
      const page: Page<Link> = await store.list<Link>('links', {
        prefix: `${host}|`,
        limit: 1_000,
        ...(after && { after }),
      });
      found.push(...page.docs.map(({ value }) => value));
      after = page.next;
    }
    return found;
  };
  return {
    domain,
    store,
    writer,
    links,
    import: (format, text, { base, dryRun = false } = {}) =>
      importLinks(writer, domain, FORMATS[format].read(text, domain, base), { dryRun }),
    async export(format) {
      const pages = (async function* () {
        yield await links();
      })();
      return (await Array.fromAsync(FORMATS[format].write(pages, domain))).join('');
    },
  };
}

/** What visitors of a domain with these links get: the redirect, or undefined. */
export function visiting(domain: Domain, links: readonly Link[]) {
  const lookup = aLookup([domain], links);
  return async (address: string): Promise<{ location: string; status: number } | undefined> => {
    const decision = await resolve(lookup, domain.host, address, 0);
    return decision.kind === 'redirect' ? { location: decision.location, status: decision.status } : undefined;
  };
}
