import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { systemIds } from '../ids.ts';
import { openDatabase } from '../sqlite/database.ts';
import { type Claim, createDeliveries } from './deliveries.ts';

const folder = mkdtempSync(join(tmpdir(), 'hawker-deliveries-'));
const database = openDatabase(join(folder, 'hawker.db'));
const deliveries = createDeliveries(database, systemIds);
after(() => {
  database.close();
  rmSync(folder, { recursive: true });
});

const MAX_ATTEMPTS = 3;
const LEASE_MS = 100;

type Step =
  | { do: 'add'; keys: (string | undefined)[] }
  | { do: 'claim'; limit: number }
  | { do: 'finish'; which: number }
  | { do: 'bury'; which: number }
  | { do: 'putBack'; which: number; delay: number }
  | { do: 'wait'; ms: number };

const which = fc.nat(50);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constant('add' as const),
    keys: fc.array(fc.constantFrom(undefined, 'a', 'b'), { minLength: 1, maxLength: 90, size: 'small' }),
  }),
  fc.record({ do: fc.constant('claim' as const), limit: fc.integer({ min: 1, max: 10 }) }),
  fc.record({ do: fc.constant('finish' as const), which }),
  fc.record({ do: fc.constant('bury' as const), which }),
  fc.record({ do: fc.constant('putBack' as const), which, delay: fc.nat(150) }),
  fc.record({ do: fc.constant('wait' as const), ms: fc.nat(120) }),
);

interface ModelRow {
  event: string;
  key: string | undefined;
  due: number;
  attempt: number;
  /** Which claim holds it; claims are counted. */
  holder: number | undefined;
}

/** The rules in the simplest words: a list in order of publication, of which each key's first row alone may be claimed. */
function createModel() {
  let rows: ModelRow[] = [];
  const dead: { event: string; attempts: number }[] = [];
  let events = 0;

  const claimable = (now: number) =>
    rows.filter((row) => row.due <= now && (!row.key || rows.find(({ key }) => key === row.key) === row));
  const remove = (row: ModelRow, now: number) => {
    rows = rows.filter((other) => other !== row);
    const heir = row.key && rows.find(({ key }) => key === row.key);
    if (heir) heir.due = now;
  };
  const held = (event: string, holder: number) => rows.find((row) => row.event === event && row.holder === holder);
  const bury = (row: ModelRow, now: number, attempts: number) => {
    dead.unshift({ event: row.event, attempts });
    remove(row, now);
  };

  return {
    dead,
    claimable,
    waiting: () => rows.length,
    add: (keys: (string | undefined)[], now: number) => {
      // Rows of one transaction differ in order by key alone: those without one come first.
      const added = keys.map((key) => ({ event: `${++events}`, key, due: now, attempt: 0, holder: undefined }));
      rows.push(...added.filter(({ key }) => !key), ...added.filter(({ key }) => key));
      return added;
    },
    claim(limit: number, holder: number, now: number) {
      const taken = claimable(now)
        .sort((a, b) => a.due - b.due || rows.indexOf(a) - rows.indexOf(b))
        .slice(0, limit);
      for (const row of taken) Object.assign(row, { attempt: row.attempt + 1, due: now + LEASE_MS, holder });
      const inOrder = rows.filter((row) => taken.includes(row));
      for (const row of inOrder) if (row.attempt > MAX_ATTEMPTS) bury(row, now, MAX_ATTEMPTS);
      return inOrder.filter(({ attempt }) => attempt <= MAX_ATTEMPTS).map(({ event, attempt }) => ({ event, attempt }));
    },
    finish: (event: string, holder: number, now: number) => {
      const row = held(event, holder);
      if (row) remove(row, now);
    },
    bury: (event: string, holder: number, now: number) => {
      const row = held(event, holder);
      if (row) bury(row, now, row.attempt);
    },
    putBack: (event: string, holder: number, due: number) => {
      const row = held(event, holder);
      if (row) row.due = due;
    },
  };
}

let runs = 0;

test('whatever is added, claimed, answered late or never, the rows are what the rules say', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
      const subscription = `run-${++runs}`;
      const model = createModel();
      const claims: { claim: Claim; holder: number }[] = [];
      let now = 1_000;
      const claimed = (limit: number, holder: number) => {
        const options = { now, limit, leaseUntil: now + LEASE_MS, maxAttempts: MAX_ATTEMPTS };
        const got = database.transaction(() => deliveries.claim(subscription, options)).claims;
        claims.push(...got.map((claim) => ({ claim, holder })));
        return got.map(({ event, attempt }) => ({ event, attempt }));
      };
      for (const [holder, each] of steps.entries()) {
        if (each.do === 'wait') now += each.ms;
        else if (each.do === 'add') {
          const rows = model.add(each.keys, now).map(({ event, key }) => ({ subscription, event, key }));
          database.transaction(() => deliveries.add(rows, now));
        } else if (each.do === 'claim')
          assert.deepEqual(claimed(each.limit, holder), model.claim(each.limit, holder, now));
        else {
          const past = claims[each.which % claims.length];
          if (!past) continue;
          const { claim } = past;
          if (each.do === 'finish') model.finish(claim.event, past.holder, now);
          else if (each.do === 'bury') model.bury(claim.event, past.holder, now);
          else model.putBack(claim.event, past.holder, now + each.delay);
          database.transaction(() => {
            if (each.do === 'finish') deliveries.finish(claim, now);
            else if (each.do === 'bury') deliveries.bury(claim, now, 'why');
            else deliveries.putBack(claim, now + each.delay, 'why');
          });
        }
        assert.equal(deliveries.hasDue(subscription, now), model.claimable(now).length > 0);
      }
      const dead = deliveries.dead(subscription, 1_000).map(({ event, attempts }) => ({ event, attempts }));
      assert.deepEqual(dead, model.dead);
      const depth = deliveries.depth(subscription);
      assert.deepEqual([depth.waiting, depth.dead], [model.waiting(), model.dead.length]);
    }),
    { numRuns: 150 },
  );
});

test('an event whose handlers never answered dies with the last reason there was, or with the lack of one', () => {
  const subscription = 'silent';
  const claim = (now: number) =>
    database.transaction(() =>
      deliveries.claim(subscription, { now, limit: 10, leaseUntil: now + LEASE_MS, maxAttempts: 2 }),
    );
  database.transaction(() => deliveries.add([{ subscription, event: 'mute', key: undefined }], 0));
  database.transaction(() => deliveries.add([{ subscription, event: 'said', key: undefined }], 0));
  const said = claim(0).claims.find(({ event }) => event === 'said');
  assert.ok(said);
  database.transaction(() => deliveries.putBack(said, 50, 'it broke'));
  assert.equal(claim(200).claims.length, 2);
  assert.deepEqual(claim(400), { claims: [], buried: 2 });
  const reasons = Object.fromEntries(deliveries.dead(subscription, 10).map(({ event, reason }) => [event, reason]));
  assert.equal(reasons['said'], 'it broke');
  assert.match(reasons['mute'] ?? '', /no answer/);
});

test('the oldest that waits is the one that was published first, whatever has been tried since, and of each subscription by itself', () => {
  const [subscription, other] = ['aged', 'younger'];
  const add = (name: string, event: string, now: number) =>
    database.transaction(() => deliveries.add([{ subscription: name, event, key: undefined }], now));
  assert.deepEqual(deliveries.depth(subscription), { waiting: 0, oldest: undefined, dead: 0 });
  add(subscription, 'first', 100);
  add(other, 'elsewhere', 150);
  add(subscription, 'second', 200);
  const options = { now: 300, limit: 1, leaseUntil: 300 + LEASE_MS, maxAttempts: MAX_ATTEMPTS };
  const [first] = database.transaction(() => deliveries.claim(subscription, options)).claims;
  assert.ok(first);
  database.transaction(() => deliveries.putBack(first, 9_000, 'later'));
  assert.deepEqual(deliveries.depth(subscription), { waiting: 2, oldest: 100, dead: 0 });
  const [again] = database.transaction(() =>
    deliveries.claim(subscription, { ...options, now: 9_000, limit: 2, leaseUntil: 9_500 }),
  ).claims;
  assert.ok(again);
  database.transaction(() => deliveries.bury(again, 9_000, 'never'));
  assert.deepEqual(deliveries.depth(subscription), { waiting: 1, oldest: 200, dead: 1 });
  assert.deepEqual(deliveries.depth(other), { waiting: 1, oldest: 150, dead: 0 });
});
