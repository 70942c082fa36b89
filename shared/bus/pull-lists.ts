/** Fetches all lists from LTA DataMall and makes them ready to be published. */
import { isAppError, isRetryable, messageOf } from '../errors.ts';
import { createBudget } from '../lta/budget.ts';
import { type Publication, type PublishOptions, preparePublication, publish } from './publish.ts';
import { type PullOptions, pullSet } from './pull-set.ts';
import { SETS } from './read-rows.ts';

export interface SyncOptions extends Omit<PullOptions, 'budget'>, Pick<PublishOptions, 'store' | 'allowShrink'> {
  /** What the settings allow a process; while the lists are fetched, others want some of it. */
  callsPerMinute: number;
}

/** Of the calls that the settings allow; where these are few, all of them, so that it ever comes to an end. */
const SHARE = 0.5;
const FEW_CALLS = 20;

/** Fetches, checks and writes the parts; the switch is left to who asks. Throws as `pullSet` and `preparePublication` do. */
export function prepareSync(options: SyncOptions): Promise<Publication> {
  return pullThen(options, preparePublication);
}

/** The same with the switch. */
export function sync(options: SyncOptions): Promise<Publication> {
  return pullThen(options, publish);
}

async function pullThen(
  options: SyncOptions,
  finish: (options: PublishOptions) => Promise<Publication>,
): Promise<Publication> {
  const { store, clock, allowShrink = false, signal } = options;
  const { planned, ...rows } = await pullAll(options);
  const publication = await finish({
    store,
    clock,
    from: 'datamall',
    rows: typeof planned === 'string' ? rows : { ...rows, planned },
    optional: ['planned'],
    allowShrink,
    ...(signal && { signal }),
  });
  if (typeof planned === 'string') publication.kept.push({ list: 'planned', reason: planned });
  return publication;
}

/** One page at a time. Planned routes are good to have; where they cannot be had, what stood in the way is told in their place. */
async function pullAll({ callsPerMinute, ...options }: SyncOptions) {
  const calls = Math.max(Math.min(callsPerMinute, FEW_CALLS), callsPerMinute * SHARE);
  const pulling = { ...options, budget: createBudget({ clock: options.clock, callsPerMinute: calls }) };
  const stops = await pullSet(SETS.stops, pulling);
  const services = await pullSet(SETS.services, pulling);
  const routes = await pullSet(SETS.routes, pulling);
  const planned = await pullSet(SETS.planned, pulling).catch((error: unknown) => {
    options.signal?.throwIfAborted();
    if (!isAppError(error) || isRetryable(error)) throw error;
    return messageOf(error);
  });
  return { stops, services, routes, planned };
}
