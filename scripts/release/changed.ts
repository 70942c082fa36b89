/** Which functions have to be released: those of which other code is built than runs. */
import type { FunctionRow } from '#shared/define.ts';
import { bundleHash, hashOf } from './bundle-hash.ts';
import type { ServiceState } from './service-state.ts';

/** What a release remembers between its steps, by function. */
export interface Change {
  hash: string;
  /** What has the traffic now: where it goes back to. */
  former: Record<string, number>;
}

export interface Compared {
  changed: Record<string, Change>;
  unchanged: string[];
  /** Functions without a service: `npm run deploy -- apply` makes those. */
  absent: string[];
}

/** `hashes`: of what is built, by function. */
export function compare(hashes: Readonly<Record<string, string>>, states: readonly ServiceState[]): Compared {
  const compared: Compared = { changed: {}, unchanged: [], absent: [] };
  for (const [name, hash] of Object.entries(hashes)) {
    const state = states.find((each) => each.name === name);
    if (!state) compared.absent.push(name);
    else if (runsAll(state, hash)) compared.unchanged.push(name);
    else compared.changed[name] = { hash, former: state.shares };
  }
  return compared;
}

/** Whether all its traffic goes to this code; a release that stopped half-way is then gone on with. */
function runsAll({ shares }: ServiceState, hash: string): boolean {
  const revisions = Object.keys(shares);
  return revisions.length > 0 && revisions.every((revision) => hashOf(revision) === hash);
}

/** The hashes of what lies in `dist`. `data`: where the databases to migrate are, with their migrations, for functions that read them. */
export function hashesIn(
  dist: (name: string) => string,
  rows: readonly FunctionRow[],
  shared: readonly string[],
  data: string,
): Record<string, string> {
  return Object.fromEntries(
    rows.map(({ name, settings }) => [
      name,
      bundleHash(dist(name), shared, settings.includes('HAWKER_DATABASES') ? data : undefined),
    ]),
  );
}
