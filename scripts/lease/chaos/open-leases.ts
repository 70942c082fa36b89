/** Opens the leases of a worker: as the settings say, or on an API server that no pod's variables name. */
import { hostname } from 'node:os';
import type { Config } from '#shared/config.ts';
import { type LeaseParts, openLeases } from '#shared/lease/index.ts';
import type { Leases } from '#shared/lease/lease.ts';
import { createLeases } from '#shared/lease/leases.ts';
import type { WorkerPlan } from './plan.ts';

export async function openWorkerLeases(plan: WorkerPlan, config: Config, parts: LeaseParts): Promise<Leases> {
  const { kubernetes } = plan;
  if (!kubernetes) return openLeases(config, parts);
  const { openKubernetesRecords } = await import('#shared/lease/kubernetes-records.ts');
  return createLeases({
    ...parts,
    records: await openKubernetesRecords({ ...kubernetes, ...parts }),
    host: hostname(),
  });
}
