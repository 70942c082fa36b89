/** PostgreSQL's lock modes, weakest first, and what the sub-forms of ALTER TABLE take: AlterTableGetLockLevel of its source, as its documentation of ALTER TABLE has it. */
import type { Blocks } from './weighed.ts';

const MODES = [
  ...['ACCESS SHARE', 'ROW SHARE', 'ROW EXCLUSIVE', 'SHARE UPDATE EXCLUSIVE', 'SHARE'],
  ...['SHARE ROW EXCLUSIVE', 'EXCLUSIVE', 'ACCESS EXCLUSIVE'],
] as const;
export type Mode = (typeof MODES)[number];

/** Of LOCK TABLE, whose numbers begin at 1. */
export const modeOf = (number: number): Mode => MODES[number - 1] ?? 'ACCESS EXCLUSIVE';

export function strongest(modes: readonly Mode[]): Mode {
  return MODES[Math.max(0, ...modes.map((mode) => MODES.indexOf(mode)))] as Mode;
}

/** Of statements that read, and that change rows, what waits behind a lock of this mode: the table of conflicts in explicit-locking.html. */
export function blockedBy(mode: Mode): Blocks {
  if (mode === 'ACCESS EXCLUSIVE') return 'reads and writes';
  return ['SHARE', 'SHARE ROW EXCLUSIVE', 'EXCLUSIVE'].includes(mode) ? 'writes' : 'nothing';
}

const WEAKER: Readonly<Record<string, Mode>> = {
  AT_SetStatistics: 'SHARE UPDATE EXCLUSIVE',
  AT_SetOptions: 'SHARE UPDATE EXCLUSIVE',
  AT_ResetOptions: 'SHARE UPDATE EXCLUSIVE',
  AT_ClusterOn: 'SHARE UPDATE EXCLUSIVE',
  AT_DropCluster: 'SHARE UPDATE EXCLUSIVE',
  AT_ValidateConstraint: 'SHARE UPDATE EXCLUSIVE',
  AT_AttachPartition: 'SHARE UPDATE EXCLUSIVE',
  AT_EnableTrig: 'SHARE ROW EXCLUSIVE',
  AT_EnableAlwaysTrig: 'SHARE ROW EXCLUSIVE',
  AT_EnableReplicaTrig: 'SHARE ROW EXCLUSIVE',
  AT_EnableTrigAll: 'SHARE ROW EXCLUSIVE',
  AT_EnableTrigUser: 'SHARE ROW EXCLUSIVE',
  AT_DisableTrig: 'SHARE ROW EXCLUSIVE',
  AT_DisableTrigAll: 'SHARE ROW EXCLUSIVE',
  AT_DisableTrigUser: 'SHARE ROW EXCLUSIVE',
};
/** Storage parameters that can be changed beside writers: autovacuum's, and these. */
const LIGHT_OPTIONS = /^(?:autovacuum_|log_autovacuum|vacuum_|fillfactor$|toast_tuple_target$|parallel_workers$)/;

export function alterMode(subtype: string, options: readonly string[]): Mode {
  if (subtype === 'AT_SetRelOptions' || subtype === 'AT_ResetRelOptions')
    return options.every((name) => LIGHT_OPTIONS.test(name)) ? 'SHARE UPDATE EXCLUSIVE' : 'ACCESS EXCLUSIVE';
  return WEAKER[subtype] ?? 'ACCESS EXCLUSIVE';
}
