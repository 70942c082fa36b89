/** The plan: everything in Google Cloud that the manifest implies, what is needed first standing first. Pure, but for the variables that secrets come from. */
import type { FunctionRow } from '#shared/define.ts';
import { accounts } from './accounts.ts';
import { buckets } from './buckets.ts';
import { buildRoles } from './build-identity.ts';
import { domains } from './domains.ts';
import { firestore } from './firestore.ts';
import type { DeployOptions } from './options.ts';
import { registry } from './registry.ts';
import type { Resource } from './resource.ts';
import { invokers, pubsubAgentRoles, rolesOf } from './roles.ts';
import { runJob } from './run-job.ts';
import { runServices } from './run-services.ts';
import { schedules } from './schedules.ts';
import { secrets } from './secrets.ts';
import { servicesEnabled } from './services-enabled.ts';
import { subscriptions } from './subscriptions.ts';
import { topics } from './topics.ts';

export function planOf(
  manifest: readonly FunctionRow[],
  options: DeployOptions,
  env: Readonly<Record<string, string | undefined>> = {},
): Resource[] {
  const documents = firestore(manifest, options);
  const isPolicy = ({ kind }: Resource) => kind === 'ttl';
  const all = [
    ...servicesEnabled(manifest, options),
    ...accounts(manifest, options),
    ...buildRoles(manifest, options),
    ...registry(options),
    ...documents.filter((resource) => !isPolicy(resource)),
    ...buckets(manifest, options),
    ...topics(manifest, options),
    ...secrets(manifest, options, env),
    ...manifest.flatMap((row) => rolesOf(row, options)),
    ...runServices(manifest, options),
    ...manifest.flatMap((row) => invokers(row, options)),
    ...runJob(manifest, options),
    ...subscriptions(manifest, options),
    ...pubsubAgentRoles(manifest, options),
    ...schedules(manifest, options),
    // Minutes after the exemptions of the same field, which Firestore takes its time for.
    ...documents.filter(isPolicy),
    // Last: a mapping fails until somebody has proved that the domain is theirs.
    ...domains(manifest, options),
  ];
  return inOrder(options.only.length === 0 ? all : chosen(all, options.only));
}

/** What these functions imply, and what that needs. */
function chosen(all: readonly Resource[], only: readonly string[]): Resource[] {
  const byId = new Map(all.map((resource) => [resource.id, resource]));
  const wanted = new Set<Resource>();
  const want = (resource: Resource) => {
    if (wanted.has(resource)) return;
    wanted.add(resource);
    for (const id of resource.needs) {
      const needed = byId.get(id);
      if (needed) want(needed);
    }
  };
  for (const resource of all)
    if (resource.of.length === 0 || resource.of.some((name) => only.includes(name))) want(resource);
  return all.filter((resource) => wanted.has(resource));
}

/** As they come, but each after what it needs. */
export function inOrder(all: readonly Resource[]): Resource[] {
  const byId = new Map(all.map((resource) => [resource.id, resource]));
  const ordered = new Set<Resource>();
  const place = (resource: Resource, above: readonly string[]) => {
    if (ordered.has(resource)) return;
    if (above.includes(resource.id)) throw new Error(`${[...above, resource.id].join(' needs ')}`);
    for (const id of resource.needs) {
      const needed = byId.get(id);
      if (!needed) throw new Error(`${resource.id} needs ${id}, which is not in the plan`);
      place(needed, [...above, resource.id]);
    }
    ordered.add(resource);
  };
  for (const resource of all) place(resource, []);
  return [...ordered];
}
