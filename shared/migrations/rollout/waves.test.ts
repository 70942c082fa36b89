import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { AppError } from '../../errors.ts';
import type { WaveAsked } from './rollout.ts';
import { fallIntoWaves } from './waves.ts';

const TARGETS = [
  { name: 'c', kind: 'postgres', labels: {}, region: 'eu' },
  { name: 'a', kind: 'postgres', labels: { stage: 'canary' } },
  { name: 'b', kind: 'sqlite', labels: { stage: 'canary', tier: '1' }, region: 'eu' },
] as const;

const namesOf = (waves: WaveAsked[]) => {
  const fallen = fallIntoWaves(TARGETS, waves);
  return { waves: fallen.waves.map(({ takes }) => takes.map(({ target }) => target)), leftOut: fallen.leftOut };
};

const refusedAt = (waves: WaveAsked[]) => {
  try {
    namesOf(waves);
  } catch (error) {
    return (error as AppError).errors?.map(({ pointer, detail }) => `${pointer} ${detail}`);
  }
  return undefined;
};

describe('fallIntoWaves', () => {
  it('puts each target into the first wave of which it meets every condition', () => {
    const canary = { labels: { stage: 'canary' } };
    assert.deepEqual(namesOf([canary, {}]), { waves: [['a', 'b'], ['c']], leftOut: [] });
    assert.deepEqual(namesOf([{ ...canary, region: 'eu' }, { region: 'eu' }]), {
      waves: [['b'], ['c']],
      leftOut: ['a'],
    });
    assert.deepEqual(namesOf([{ kind: 'sqlite' }, { targets: ['b', 'c'] }]), { waves: [['b'], ['c']], leftOut: ['a'] });
  });

  it('leaves a wave empty whose targets are all in earlier ones', () => {
    assert.deepEqual(namesOf([{}, { region: 'eu' }, {}]).waves, [['a', 'b', 'c'], [], []]);
  });

  it('refuses a wave that matches nothing, by its number, and names that are no target', () => {
    assert.deepEqual(refusedAt([{}, { region: 'mars' }]), ['/waves/1 wave 2 matches no target']);
    assert.deepEqual(refusedAt([{ labels: { constructor: 'x' } }]), ['/waves/0 wave 1 matches no target']);
    assert.deepEqual(refusedAt([{ targets: ['a', 'z'] }, {}]), ['/waves/0/targets/1 there is no target z']);
  });

  it('puts no target into two waves and loses none', () => {
    const wave = fc.record(
      {
        labels: fc.constantFrom({ stage: 'canary' }, { tier: '1' }),
        region: fc.constant('eu'),
        kind: fc.constantFrom('postgres' as const, 'sqlite' as const),
        targets: fc.subarray(['a', 'b', 'c'], { minLength: 1 }),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.array(wave, { minLength: 1, maxLength: 5 }), (waves) => {
        if (refusedAt(waves)) return;
        const { waves: fallen, leftOut } = namesOf(waves);
        assert.deepEqual([...fallen.flat(), ...leftOut].sort(), ['a', 'b', 'c']);
      }),
    );
  });

  it('takes 500 targets and no more', () => {
    const many = (count: number) =>
      Array.from({ length: count }, (_, n) => ({ name: `t${n}`, kind: 'sqlite' as const, labels: {} }));
    assert.equal(fallIntoWaves(many(500), [{}]).waves[0]?.takes.length, 500);
    assert.throws(() => fallIntoWaves(many(501), [{}]), { code: 'invalid' });
  });
});
