/** Many targets at a glance: which are at which version, and whether those that should be alike are. */
import type { Version } from '../migration.ts';
import type { Kind } from '../target.ts';

export interface FleetMember {
  name: string;
  kind: Kind;
  /** The hash of its files. */
  bundle: string;
  version: Version | undefined;
  /** Of its schema, where it was asked for. */
  fingerprint?: string;
}

interface AtVersion {
  kind: Kind;
  bundle: string;
  version: Version | undefined;
  targets: string[];
  /** Absent where the schemas were not compared. */
  equal?: boolean;
  /** Where they are not equal, the largest group first; of those of one size the one whose first name comes first. */
  fingerprintGroups?: { fingerprint: string; targets: string[] }[];
  /** Targets outside the first of these groups. */
  differ?: string[];
}

/** By kind, and within it by version from none upwards. */
export function versionsOf(members: readonly FleetMember[]): AtVersion[] {
  const alike = Map.groupBy(members, ({ kind, bundle, version }) => `${kind} ${bundle} ${version}`);
  return [...alike.values()]
    .flatMap((group) => (group[0] ? [atVersion(group[0], group)] : []))
    .toSorted(
      (a, b) => order(a.kind, b.kind) || order(a.version ?? -1n, b.version ?? -1n) || order(a.bundle, b.bundle),
    );
}

function atVersion({ kind, bundle, version }: FleetMember, group: readonly FleetMember[]): AtVersion {
  const targets = namesOf(group);
  const known = group.flatMap(({ name, fingerprint }) => (fingerprint === undefined ? [] : [{ name, fingerprint }]));
  const common = { kind, bundle, version, targets };
  if (known.length === 0) return common;
  const groups = [...Map.groupBy(known, ({ fingerprint }) => fingerprint)]
    .map(([fingerprint, of]) => ({ fingerprint, targets: namesOf(of) }))
    .toSorted((a, b) => b.targets.length - a.targets.length || order(a.targets[0] ?? '', b.targets[0] ?? ''));
  if (groups.length === 1) return { ...common, equal: true };
  const differ = groups.slice(1).flatMap((one) => one.targets);
  return { ...common, equal: false, fingerprintGroups: groups, differ: differ.toSorted(order) };
}

const namesOf = (of: readonly { name: string }[]) => of.map(({ name }) => name).toSorted(order);
const order = <T extends string | bigint>(a: T, b: T) => (a < b ? -1 : a > b ? 1 : 0);
