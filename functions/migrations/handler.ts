/** What all routes stand on: the targets by name, and the groups of routes. */
import type { Clock } from '#shared/clock.ts';
import { AppError } from '#shared/errors.ts';
import type { Api } from '#shared/http/api.ts';
import type { Ids } from '#shared/ids.ts';
import type { Leases } from '#shared/lease/lease.ts';
import type { Log } from '#shared/log.ts';
import type { Look } from '#shared/migrations/look.ts';
import type { Rehearsal } from '#shared/migrations/rehearse/rehearse.ts';
import type { Rollouts } from '#shared/migrations/rollout/rollouts.ts';
import type { Target } from '#shared/migrations/target.ts';
import { fleetRoutes } from './fleet-routes.ts';
import { lintRoutes } from './lint-routes.ts';
import { lockRoutes } from './lock-routes.ts';
import { rehearseRoutes } from './rehearse-routes.ts';
import { rolloutRoutes } from './rollout-routes.ts';
import { runRoutes } from './run-routes.ts';
import type { StartParts } from './start-run.ts';
import { targetRoutes } from './target-routes.ts';

export interface MigrationsParts extends StartParts {
  /** On a database of its own. */
  rehearse(target: Target, signal: AbortSignal): Promise<Rehearsal>;
  databases: Pick<Look, 'targets' | 'status' | 'plan' | 'history' | 'survey' | 'verify'>;
  leases(): Promise<Pick<Leases, 'observe' | 'break'>>;
  rollouts: Rollouts;
  ids: Ids;
  clock: Clock;
  log: Log;
  /** Where the app is reached from outside, without a trailing slash. */
  prefix: string;
}

/** What every group of routes is given. */
export interface RouteParts extends MigrationsParts {
  /** By their names. */
  targets(): Promise<Target[]>;
  /** Throws `not_found`, with the names that there are. */
  targetOf(name: string): Promise<Target>;
  /** What is told of a failure to ask a target; what nobody has foreseen is for the log alone. */
  errorTold(target: string, error: unknown): { code: string; detail: string };
}

/** So that an answer which names them stays one that people read. */
const MOST_NAMED = 20;
export function migrationsRoutes(api: Api, given: MigrationsParts): void {
  const targets = async () => (await given.databases.targets()).toSorted((a, b) => (a.name < b.name ? -1 : 1));

  const targetOf = async (name: string): Promise<Target> => {
    const all = await targets();
    const found = all.find((target) => target.name === name);
    if (found) return found;
    const names = all.slice(0, MOST_NAMED).map((target) => target.name);
    const more = all.length > MOST_NAMED ? ` and ${all.length - MOST_NAMED} more` : '';
    const there = all.length === 0 ? 'there are none' : `there are ${names.join(', ')}${more}`;
    throw new AppError('not_found', `There is no target ${name}; ${there}`);
  };

  const errorTold: RouteParts['errorTold'] = (target, error) => {
    if (error instanceof AppError) return { code: error.code, detail: error.message };
    given.log.error('a target could not be looked at', { target, error });
    return { code: 'internal', detail: 'Something went wrong here' };
  };

  const parts: RouteParts = { ...given, targets, targetOf, errorTold };
  targetRoutes(api, parts);
  lintRoutes(api, parts);
  lockRoutes(api, parts);
  runRoutes(api, parts);
  rehearseRoutes(api, parts);
  rolloutRoutes(api, parts);
  fleetRoutes(api, parts);
}
