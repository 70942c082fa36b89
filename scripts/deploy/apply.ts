/**
 * Carries a plan out, or takes away what it made. What is there is asked of Google Cloud each time and kept nowhere else: whoever was stopped begins
 * again and finds done what was done.
 */
import { carryOut, GcloudFailed, type Patience, type Run, Stopped, shown } from './gcloud.ts';
import { look, type Seen } from './look.ts';
import type { Command, Resource } from './resource.ts';

export interface Carrying extends Patience {
  run: Run;
  say(line: string): void;
  /** Whether to do it, or to say what would be done. */
  yes: boolean;
}

export interface Outcome {
  created: number;
  updated: number;
  removed: number;
  /** What differs and cannot be changed. */
  left: readonly Seen[];
}

/** Throws GcloudFailed at the first command that fails, and Stopped. */
export async function apply(resources: readonly Resource[], carrying: Carrying): Promise<Outcome> {
  const outcome = { created: 0, updated: 0, removed: 0, left: [] as Seen[] };
  for (const seen of await look(resources, stoppable(carrying))) {
    const { resource, state } = seen;
    if (state === 'same') continue;
    const commands = state === 'absent' ? resource.create : resource.update;
    if (!commands) {
      outcome.left.push(seen);
      continue;
    }
    await work(resource, state === 'absent' ? 'create' : 'update', commands, carrying);
    if (state === 'absent') outcome.created++;
    else outcome.updated++;
  }
  return outcome;
}

/** What depends on something goes before it. `withData`: also what holds data. Throws as `apply` does. */
export async function destroy(
  resources: readonly Resource[],
  carrying: Carrying & { withData: boolean },
): Promise<Outcome> {
  const outcome = { created: 0, updated: 0, removed: 0, left: [] as Seen[] };
  for (const seen of (await look(resources, stoppable(carrying))).reverse()) {
    const { resource, state } = seen;
    if (state === 'absent') continue;
    if (!resource.remove || (resource.keeps !== undefined && !carrying.withData)) {
      outcome.left.push(seen);
      continue;
    }
    await work(resource, 'remove', resource.remove, carrying);
    outcome.removed++;
  }
  return outcome;
}

/** Questions are not worth waiting for once somebody wants to stop. */
function stoppable({ run, stopped }: Carrying): Run {
  return async (command) => {
    if (stopped()) throw new Stopped('stopped before anything was changed');
    return run(command);
  };
}

async function work(
  resource: Resource,
  verb: 'create' | 'update' | 'remove',
  commands: readonly Command[],
  carrying: Carrying,
): Promise<void> {
  const { run, say, yes } = carrying;
  say(`${verb} ${resource.id}: ${resource.about}`);
  for (const command of commands) {
    say(`  ${shown(command)}`);
    if (!yes) continue;
    try {
      await carryOut(run, command, carrying, fineOf(resource, verb));
    } catch (error) {
      if (!(error instanceof GcloudFailed)) throw error;
      throw new GcloudFailed(
        `could not ${verb} ${resource.id}: ${error.message}. What was done stays done; mend it and run the same command again to go on`,
        { cause: error },
      );
    }
  }
}

/** A bucket's name may be taken by somebody else, so that one that is there is not ours. */
function fineOf({ kind }: Resource, verb: 'create' | 'update' | 'remove'): 'there' | 'gone' | undefined {
  if (verb === 'remove') return 'gone';
  return verb === 'create' && kind !== 'bucket' ? 'there' : undefined;
}
