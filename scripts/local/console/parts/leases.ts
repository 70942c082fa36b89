/** Who leads. */
import type { Runtime } from '#shared/define.ts';
import type { LeaseView } from '#shared/lease/lease.ts';

export interface LeaseRow {
  name: string;
  /** Whether its holder is this process, another one, or nobody. */
  leads: 'here' | 'elsewhere' | 'nobody';
  holder?: string;
  /** RFC 3339, when the term began, also of one that is over. */
  since: string;
  term: number;
  token: number;
  renewals: number;
  note?: string;
  why: string;
}

const MOST = 50;

export async function readLeases({ leases }: Pick<Runtime, 'leases'>): Promise<LeaseRow[]> {
  const all = await leases();
  const { items } = await all.list({ limit: MOST });
  const own = new Set(all.here().map(({ identity }) => identity));
  const rank = { here: 0, elsewhere: 1, nobody: 2 };
  return items
    .map((view) => rowOf(view, own))
    .sort((a, b) => rank[a.leads] - rank[b.leads] || a.name.localeCompare(b.name));
}

function rowOf(view: LeaseView, own: ReadonlySet<string>): LeaseRow {
  const { name, holder, since, term, token, renewals, note, why } = view;
  return {
    ...{ name, since, term, token, renewals, why },
    leads: holder === undefined ? 'nobody' : own.has(holder) ? 'here' : 'elsewhere',
    ...(holder !== undefined && { holder }),
    ...(note !== undefined && { note }),
  };
}
