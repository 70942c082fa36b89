import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { aTerm } from './kubernetes-rig.ts';
import { LEASE_ANNOTATION, type LeaseObject, leaseObject, sightingOf } from './lease-object.ts';
import { parseMicroTime } from './micro-time.ts';
import type { LeaseRecord, RecordWrite } from './record.ts';

const NOW = Date.parse('2026-01-02T03:04:10.250Z');
const NEW = { metadata: { name: 'app', namespace: 'stalls' } };

let versions = 0;
/** What the API server makes of it. */
function kept(object: object): LeaseObject {
  const { metadata, ...rest } = structuredClone(object) as LeaseObject;
  return { ...rest, metadata: { ...metadata, resourceVersion: String(++versions) } };
}

function put(before: LeaseObject | typeof NEW, kind: RecordWrite['kind'], record: LeaseRecord, now = NOW): LeaseObject {
  return kept(leaseObject(before, { kind, record }, now));
}

/** A Lease as a stranger leaves it. */
function foreign(spec: Record<string, unknown> | null | undefined, metadata: object = {}): LeaseObject {
  return kept({ metadata: { name: 'app', creationTimestamp: '2026-01-01T00:00:00Z', ...metadata }, spec });
}

describe('a record of ours in a Lease', () => {
  it('has the form that client-go writes: a term that begins, is renewed, and is released', () => {
    const taken = put(NEW, 'take', aTerm());
    const times = { acquireTime: '2026-01-02T03:04:05.678000Z', renewTime: '2026-01-02T03:04:05.678000Z' };
    const form = { holderIdentity: 'pod-1_x1', leaseDurationSeconds: 15, leaseTransitions: 0 };
    assert.deepEqual(taken.spec, { ...form, ...times });
    const renewed = put(taken, 'renew', aTerm({ renewals: 1, fence: '7' }));
    assert.deepEqual(renewed.spec, { ...form, ...times, renewTime: '2026-01-02T03:04:10.250000Z' });
    const freed = put(renewed, 'free', aTerm({ holder: '', renewals: 1, fence: '7' }), NOW + 1_000);
    const end = '2026-01-02T03:04:11.250000Z';
    const released = { holderIdentity: '', leaseDurationSeconds: 1, leaseTransitions: 0 };
    assert.deepEqual(freed.spec, { ...released, acquireTime: end, renewTime: end });
    const next = put(freed, 'take', aTerm({ holder: 'pod-2_x2', term: 2, durationMs: 1_500 }));
    assert.equal(next.spec?.['leaseTransitions'], 1);
    assert.equal(next.spec?.['leaseDurationSeconds'], 2);
  });

  it('comes back as it was written, whatever is in it', () => {
    const text = fc.string({ maxLength: 30, unit: 'binary' });
    const record = fc.record(
      {
        holder: fc.oneof(fc.constant(''), text),
        nonce: text,
        durationMs: fc.integer({ min: 1, max: 3_600_000 }),
        renewals: fc.nat(),
        term: fc.integer({ min: 1, max: 2 ** 31 }),
        since: fc
          .date({ min: new Date(0), max: new Date('2200-01-01'), noInvalidDate: true })
          .map((at) => at.toISOString()),
        fence: fc.nat().map(String),
        note: text,
        successor: text,
        broken: fc.record({ reason: text, by: text, at: text }, { noNullPrototype: true }),
      },
      { requiredKeys: ['holder', 'nonce', 'durationMs', 'renewals', 'term', 'since'], noNullPrototype: true },
    );
    fc.assert(
      fc.property(record, fc.constantFrom('take', 'renew', 'free'), fc.date(), (given, kind, now) => {
        const at = Number.isNaN(now.getTime()) || Math.abs(now.getTime()) > 6e12 ? NOW : now.getTime();
        const object = put(NEW, kind, given, at);
        assert.deepEqual(sightingOf(object), { version: object.metadata.resourceVersion, record: given });
      }),
    );
  });

  it('keeps what else the object holds', () => {
    const spec = { strategy: 'OldestEmulationVersion', preferredHolder: 'x', somethingNew: { a: 1 } };
    const metadata = {
      uid: 'u',
      labels: { team: 'noodles' },
      annotations: { note: 'mine' },
      ownerReferences: [{ uid: 'o' }],
    };
    const taken = put(foreign(spec, metadata), 'take', aTerm());
    const { annotations, resourceVersion: _any, ...rest } = taken.metadata;
    assert.deepEqual({ ...annotations, [LEASE_ANNOTATION]: '' }, { note: 'mine', [LEASE_ANNOTATION]: '' });
    const { annotations: _mine, ...others } = metadata;
    assert.deepEqual(rest, { name: 'app', creationTimestamp: '2026-01-01T00:00:00Z', ...others });
    assert.deepEqual({ ...taken.spec, ...spec }, taken.spec);
  });

  it('writes a later second with each renewal, since client-go sees no fraction of one and may miss those in between', () => {
    let object = put(NEW, 'take', aTerm({ since: new Date(NOW).toISOString() }));
    const secondOf = ({ spec }: LeaseObject) => Math.floor((parseMicroTime(spec?.['renewTime']) ?? 0) / 1_000_000);
    // Three in one second, one with the clock set back.
    for (const [n, now] of [NOW, NOW + 300, NOW + 600, NOW - 3_600_000, NOW - 3_600_000].entries()) {
      const before = secondOf(object);
      object = put(object, 'renew', aTerm({ renewals: n + 1, fence: '7', since: new Date(NOW).toISOString() }), now);
      assert.ok(secondOf(object) > before);
    }
  });
});

describe('a record of somebody else in a Lease', () => {
  const SPEC = {
    holderIdentity: 'scheduler-0_6f1c',
    leaseDurationSeconds: 30,
    acquireTime: '2026-01-02T03:04:05.123456Z',
    renewTime: '2026-01-02T03:05:05.654321Z',
    leaseTransitions: 3,
  };

  it('is read with its own duration and count', () => {
    const { record } = sightingOf(foreign(SPEC));
    const { nonce, ...rest } = record;
    const since = '2026-01-02T03:04:05.123456Z';
    assert.deepEqual(rest, { holder: SPEC.holderIdentity, durationMs: 30_000, renewals: 0, term: 4, since });
    assert.notEqual(sightingOf(foreign({ ...SPEC, acquireTime: '2026-01-02T03:04:05.123457Z' })).record.nonce, nonce);
    assert.equal(sightingOf(foreign({ ...SPEC, renewTime: '2026-01-02T03:06:00.000000Z' })).record.nonce, nonce);
  });

  it('is free where nobody is named, however that is said', () => {
    for (const spec of [undefined, null, {}, { ...SPEC, holderIdentity: '' }, { ...SPEC, holderIdentity: null }])
      assert.equal(sightingOf(foreign(spec)).record.holder, '');
    const created = sightingOf(foreign(undefined)).record;
    assert.deepEqual([created.term, created.since], [1, '2026-01-01T00:00:00.000000Z']);
  });

  it('is waited for as long as usual where it does not say how long', () => {
    for (const leaseDurationSeconds of [undefined, null, 0, -1, '30', Number.NaN])
      assert.equal(sightingOf(foreign({ ...SPEC, leaseDurationSeconds })).record.durationMs, 15_000);
  });

  it('is understood with times that people have written', () => {
    for (const [acquireTime, since] of [
      ['2026-01-02T03:04:05Z', '2026-01-02T03:04:05.000000Z'],
      ['2026-01-02T03:04:05.123Z', '2026-01-02T03:04:05.123000Z'],
      ['yesterday', SPEC.renewTime],
      [undefined, SPEC.renewTime],
    ])
      assert.equal(sightingOf(foreign({ ...SPEC, acquireTime })).record.since, since);
  });

  it('owes nothing to an annotation of ours that was left behind', () => {
    const ours = put(foreign(SPEC), 'take', aTerm({ term: 5, note: 'the nightly run' }));
    const { spec, ...rest } = put(ours, 'free', aTerm({ term: 5, holder: '', successor: 'pod-2_x2', fence: '7' }));
    const [acquireTime, leaseTransitions] = ['2026-01-02T04:00:00.000000Z', 5];
    for (const change of [
      { ...SPEC, acquireTime, leaseTransitions },
      // Takes over without counting, or takes and releases again.
      { holderIdentity: 'other' },
      { acquireTime, renewTime: acquireTime },
      { leaseTransitions },
    ]) {
      const { record } = sightingOf({ ...rest, spec: { ...spec, ...change } });
      assert.match(record.nonce, /^foreign /);
      assert.deepEqual([record.note, record.successor, record.fence], [undefined, undefined, undefined]);
    }
  });

  it('owes nothing to an annotation that is damaged', () => {
    const { metadata, ...rest } = put(NEW, 'take', aTerm());
    const whole = JSON.parse(metadata.annotations?.[LEASE_ANNOTATION] ?? '') as Record<string, unknown>;
    for (const damaged of [
      '',
      '{',
      'null',
      '[]',
      ...Object.keys(whole).map((key) => JSON.stringify({ ...whole, [key]: {} })),
    ]) {
      const annotations = { [LEASE_ANNOTATION]: damaged };
      assert.match(sightingOf({ ...rest, metadata: { ...metadata, annotations } }).record.nonce, /^foreign /, damaged);
    }
  });

  it('makes a term of ours longer by hand, and never shorter', () => {
    const ours = put(NEW, 'take', aTerm());
    for (const [leaseDurationSeconds, durationMs] of [
      [60, 60_000],
      [2, 15_000],
    ] as const) {
      const edited = sightingOf({ ...ours, spec: { ...ours.spec, leaseDurationSeconds } });
      assert.deepEqual(edited.record, { ...aTerm(), durationMs });
    }
  });
});
