/** What a function does with Lease objects, as rules of a Role: https://kubernetes.io/docs/reference/access-authn-authz/rbac/ */
import type { FunctionRow } from '#shared/define.ts';
import type { Asked } from './asked.ts';

export interface Rule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
  resourceNames?: string[];
}

const rule = (verbs: string[], resourceNames?: string[]): Rule => ({
  apiGroups: ['coordination.k8s.io'],
  resources: ['leases'],
  verbs,
  ...(resourceNames && { resourceNames }),
});

/** The rules of one who leads under these names. A request to create bears no name that a Role could look at. */
export const leads = (names: string[]) => [rule(['create']), rule(['get', 'update'], names)];

/** None for a function that has nothing to do with leases. */
export function leaseRules({ name, trigger, store }: FunctionRow, { databases }: Asked): Rule[] {
  if (store['leases'] !== 'write') return [];
  const migrated = (databases?.targets ?? []).map((target) => `migrate.${target.name}`);
  if (trigger.type === 'schedule') return leads([`schedule.${name}`]);
  if (trigger.type === 'message') return leads(migrated);
  // Whoever takes a lease from its holder writes over one that is there; `leases` does so with any, and shows which there are.
  return name === 'leases' ? [rule(['get', 'list', 'update'])] : [rule(['get', 'update'], migrated)];
}
