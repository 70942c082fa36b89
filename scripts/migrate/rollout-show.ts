/** Rollouts and the fleet for people. */
import type { fleetReport } from '#functions/migrations/fleet-report.ts';
import type { rolloutTold, wavesTold } from '#functions/migrations/rollout-told.ts';
import { say } from '../command/print.ts';

type Rollout = Awaited<ReturnType<typeof rolloutTold>>;
type Wave = Pick<Rollout['waves'][number], 'wave' | 'labels' | 'region' | 'only' | 'kind' | 'approve' | 'note'>;
type Fleet = Awaited<ReturnType<typeof fleetReport>>;

const at = (version: string | null | undefined) => (version === null ? 'no version' : `version ${version}`);

function conditions({ labels = {}, region, only = [], kind, approve }: Wave): string {
  const all = [
    ...Object.entries(labels).map(([name, value]) => `${name}=${value}`),
    ...(region === undefined ? [] : [`region=${region}`]),
    ...(kind === undefined ? [] : [`kind=${kind}`]),
    ...only.map((name) => `target=${name}`),
    ...(approve ? ['approve'] : []),
  ];
  return all.length === 0 ? 'rest' : all.join(',');
}

export function sayWaves({ waves, leftOut }: ReturnType<typeof wavesTold>): void {
  for (const { targets, ...wave } of waves)
    say(`wave ${wave.wave} (${conditions(wave)}): ${wave.note ?? targets.join(', ')}`);
  if (leftOut.length > 0) say(`in no wave: ${leftOut.join(', ')}`);
}

export function sayRollout(told: Rollout): void {
  sayRolloutEnd(told);
  for (const { targets, ...wave } of told.waves) {
    const approved = wave.approvedBy === undefined ? '' : `, approved by ${wave.approvedBy}`;
    say(`wave ${wave.wave} (${conditions(wave)})${approved}${wave.note === undefined ? '' : `: ${wave.note}`}`);
    for (const { target, state, version, error } of targets)
      say(`${target}: ${state}${version === undefined ? '' : `, ${at(version)}`}${error ? `: ${error.detail}` : ''}`);
  }
}

export function sayRolloutEnd({ id, state, waitsBefore, counts, waves }: Rollout): void {
  const ended = (how: 'failed' | 'cancelled') => {
    const names = waves
      .flatMap(({ targets }) => targets.filter((one) => one.state === how))
      .map(({ target }) => target);
    return names.length > 0 ? [`${names.length} ${how} (${names.join(', ')})`] : [];
  };
  const parts = [
    `${counts.done} done`,
    ...ended('failed'),
    ...ended('cancelled'),
    ...(counts.underWay > 0 ? [`${counts.underWay} under way`] : []),
    ...(counts.pending > 0 ? [`${counts.pending} not begun`] : []),
  ];
  const waiting = waitsBefore === undefined ? '' : `; wave ${waitsBefore} wants rollout approve ${id}`;
  say(`rollout ${id}: ${state}: ${parts.join(', ')}${waiting}`);
}

export function sayFleet({ targets, versions, left }: Fleet): void {
  for (const { kind, version, targets: names, equal, differ } of versions) {
    const alike = equal && names.length > 1 ? '; their schemas are equal' : '';
    say(`${kind}, ${at(version)}: ${names.join(', ')}${alike}`);
    if (differ) say(`${kind}, ${at(version)}: the schema is another in ${differ.join(', ')}`);
  }
  for (const one of targets) {
    if ('error' in one) say(`${one.name}: ${one.error.detail}`);
    else if (one.dirty) say(`${one.name}: ${at(one.version)}, dirty`);
    else if (one.pending > 0) say(`${one.name}: ${at(one.version)}, ${one.pending} pending`);
  }
  if (left !== undefined) say(`${left} more are not in this report`);
}
