import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type FleetMember, versionsOf } from './fleet.ts';

const member = (name: string, change: Partial<FleetMember> = {}): FleetMember => ({
  ...{ name, kind: 'postgres', bundle: 'b1', version: 2n },
  ...change,
});

describe('versionsOf', () => {
  it('tells which targets are at which version, none first', () => {
    const members = [member('c', { version: undefined }), member('b', { version: 10n }), member('a'), member('d')];
    assert.deepEqual(
      versionsOf(members).map(({ version, targets, equal }) => [version, targets, equal]),
      [
        [undefined, ['c'], undefined],
        [2n, ['a', 'd'], undefined],
        [10n, ['b'], undefined],
      ],
    );
  });

  it('names those whose schema is not the one of most', () => {
    const members = ['x', 'y', 'x', 'x', 'z'].map((fingerprint, n) => member(`t${n}`, { fingerprint }));
    const [found] = versionsOf(members);
    assert.deepEqual([found?.equal, found?.differ], [false, ['t1', 't4']]);
    assert.deepEqual(found?.fingerprintGroups?.[0], { fingerprint: 'x', targets: ['t0', 't2', 't3'] });
  });

  it('compares only what is of one kind, one bundle and one version', () => {
    const members = [
      member('a', { fingerprint: 'x' }),
      member('b', { fingerprint: 'y', bundle: 'b2' }),
      member('c', { fingerprint: 'z', version: 3n }),
      member('d', { fingerprint: 'v', kind: 'mysql' }),
    ];
    assert.ok(versionsOf(members).every(({ equal }) => equal));
  });
});
