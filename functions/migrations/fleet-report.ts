/** The report on all databases at once. */
import type { Clock } from '#shared/clock.ts';
import type { Look } from '#shared/migrations/look.ts';
import { versionsOf } from '#shared/migrations/rollout/fleet.ts';
import { MOST_TARGETS } from '#shared/migrations/rollout/rollout.ts';
import type { Target } from '#shared/migrations/target.ts';
import { askEach } from './ask-each.ts';
import { lookedTold, targetTold } from './told.ts';
import { versionTold } from './versions.ts';

interface Asked {
  databases: Pick<Look, 'survey'>;
  targets: readonly Target[];
  fingerprints: boolean;
  clock: Clock;
  errorTold(target: string, error: unknown): { code: string; detail: string };
}

/** Asks eight at a time, the first 500 in all. One that does not answer is told as such and holds nobody up. */
export async function fleetReport({ databases, targets, fingerprints, clock, errorTold }: Asked) {
  const all = targets.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const asked = all.slice(0, MOST_TARGETS);
  const outcomes = await askEach(clock, asked, ({ name }, signal) => databases.survey(name, { fingerprints, signal }));
  const looked = asked.map((target, index) => {
    const { table: _, ...told } = targetTold(target);
    const outcome = outcomes[index];
    if (!outcome || 'error' in outcome) return { told: { ...told, error: errorTold(target.name, outcome?.error) } };
    const { found } = outcome;
    const { fingerprint, head, bundle } = found;
    return {
      told: {
        ...{ ...told, ...lookedTold(found) },
        ...(head && { lastAppliedAt: head.at }),
        ...(fingerprint !== undefined && { fingerprint }),
      },
      dirty: found.state.dirty,
      member: {
        ...{ name: target.name, kind: target.kind, bundle, version: found.state.version },
        // Of one that is dirty nobody expects that it is like the others.
        ...(fingerprint !== undefined && !found.state.dirty && { fingerprint }),
      },
    };
  });
  const versions = versionsOf(looked.flatMap(({ member }) => (member ? [member] : [])));
  const namesOf = (those: typeof looked) => those.map(({ told }) => told.name);
  const dirty = namesOf(looked.filter((one) => one.dirty));
  const unreachable = namesOf(looked.filter(({ member }) => !member));
  const unequal = versions.flatMap(({ differ = [] }) => differ);
  return {
    ok: dirty.length + unreachable.length + unequal.length === 0,
    targets: looked.map(({ told }) => told),
    versions: versions.map(({ version, ...rest }) => ({ ...rest, version: versionTold(version) })),
    ...{ dirty, unreachable, unequal },
    ...(all.length > asked.length && { left: all.length - asked.length }),
  };
}
