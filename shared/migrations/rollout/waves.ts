/** Which target falls into which wave. */
import { AppError, type FieldError } from '../../errors.ts';
import type { Target } from '../target.ts';
import { MOST_TARGETS, type Wave, type WaveAsked } from './rollout.ts';

type Known = Pick<Target, 'name' | 'kind' | 'labels' | 'region'>;

/**
 * Each target falls into the first wave that matches it; `leftOut` are those that none does. Throws `invalid` for a name that no target has, and for a wave that matches nothing; one whose targets are all in earlier waves is
 * left empty.
 */
export function fallIntoWaves(
  targets: readonly Known[],
  asked: readonly WaveAsked[],
): { waves: Wave[]; leftOut: string[] } {
  const errors: FieldError[] = [];
  const left = new Map(targets.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map((target) => [target.name, target]));
  const waves = asked.map((wave, number): Wave => {
    for (const [place, name] of (wave.targets ?? []).entries())
      if (!targets.some((target) => target.name === name))
        errors.push({ pointer: `/waves/${number}/targets/${place}`, detail: `there is no target ${name}` });
    if (!targets.some((target) => matches(wave, target)))
      errors.push({ pointer: `/waves/${number}`, detail: `wave ${number + 1} matches no target` });
    const names = [...left.values()].filter((target) => matches(wave, target)).map(({ name }) => name);
    for (const name of names) left.delete(name);
    return { ...wave, takes: names.map((target) => ({ target, state: 'pending' })) };
  });
  if (targets.length - left.size > MOST_TARGETS)
    errors.push({ pointer: '/waves', detail: `${targets.length - left.size} targets are more than ${MOST_TARGETS}` });
  const [first] = errors;
  if (first) {
    const more = errors.length > 1 ? `, and ${errors.length - 1} more` : '';
    throw new AppError('invalid', `${first.pointer}: ${first.detail}${more}`, { errors });
  }
  return { waves, leftOut: [...left.keys()] };
}

function matches({ labels = {}, region, targets, kind }: WaveAsked, target: Known): boolean {
  return (
    Object.entries(labels).every(
      ([name, value]) => Object.hasOwn(target.labels, name) && target.labels[name] === value,
    ) &&
    (region === undefined || target.region === region) &&
    (targets === undefined || targets.includes(target.name)) &&
    (kind === undefined || target.kind === kind)
  );
}
