/** What a step says of itself. */
import type { Script, Step } from '../migration.ts';
import type { ApplyGiven } from '../session.ts';
import type { Context } from './context.ts';

export function scriptOf({ direction, migration }: Step): Script | undefined {
  return migration[direction];
}

/** What the script's own head asks for. */
export function limits(script: Script | undefined, local = 'local '): string[] {
  const { lockTimeoutMs, statementTimeoutMs } = script?.directives ?? {};
  return [
    ...(lockTimeoutMs === undefined ? [] : [`set ${local}lock_timeout = ${lockTimeoutMs}`]),
    ...(statementTimeoutMs === undefined ? [] : [`set ${local}statement_timeout = ${statementTimeoutMs}`]),
  ];
}

export function rowOf({ clock }: Context, step: Step, { run, by, token, bundle }: ApplyGiven) {
  const { direction, migration } = step;
  return {
    ...{ version: migration.version, name: migration.name, direction, checksum: migration[direction]?.checksum },
    ...{ down: direction === 'up' ? migration.down?.text : undefined, at: new Date(clock.now()).toISOString() },
    ...{ run, by, token, bundle },
  };
}
