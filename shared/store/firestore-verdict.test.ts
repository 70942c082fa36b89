import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { DocumentState } from './firestore-documents.ts';
import { judge } from './firestore-verdict.ts';
import type { PreparedWrite } from './validate.ts';

const MINE = 'mine';
const ids = ['a', 'b'] as const;
type Id = (typeof ids)[number];

/** Firestore in miniature: what judge sees of it, and a clock that ticks with each commit. */
function createWorld() {
  const docs = new Map<Id, DocumentState>();
  let time = 0;
  const write = (id: Id, nonce: string, at: number) => {
    const old = docs.get(id);
    docs.set(id, {
      version: `${at}-${nonce}`,
      writer: nonce,
      creator: old?.creator ?? nonce,
      replaced: old?.version,
      createdAt: old?.createdAt ?? at,
    });
  };
  return {
    docs,
    /** What somebody else does to a document: creates, replaces or deletes it. */
    others(id: Id, deletes: boolean) {
      time++;
      if (deletes) docs.delete(id);
      else write(id, `other${time}`, time);
    },
    holds: (writes: readonly PreparedWrite[]) =>
      writes.every((w) => docs.get(w.id as Id)?.version === (w.op === 'create' ? undefined : w.ifVersion)),
    /** Answers the commit's time. */
    apply(writes: readonly PreparedWrite[]) {
      time++;
      for (const { op, id } of writes) {
        if (op === 'delete') docs.delete(id as Id);
        else if (op !== 'check') write(id as Id, MINE, time);
      }
      return time;
    },
  };
}

const action = fc.record({ id: fc.constantFrom(...ids), deletes: fc.constantFrom(true, false, false, false) });
/** `op` is for a document that is there; one that is not can only be created. */
const intent = fc.record({ op: fc.constantFrom('replace', 'delete', 'check'), id: fc.constantFrom(...ids) });

/** A history: what others do, our reading, what others do, our commit or its loss on the way, what others do. */
const history = fc.record({
  before: fc.array(action, { maxLength: 6 }),
  intents: fc.uniqueArray(intent, { selector: ({ id }) => id, minLength: 1 }),
  between: fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, fc.array(action, { maxLength: 2 })),
  arrives: fc.boolean(),
  since: fc.array(action, { maxLength: 4 }),
});

function play({ before, intents, between, arrives, since }: typeof history extends fc.Arbitrary<infer T> ? T : never) {
  const world = createWorld();
  for (const { id, deletes } of before) world.others(id, deletes);
  const writes = intents.map(({ op, id }): PreparedWrite => {
    const ifVersion = world.docs.get(id)?.version;
    if (ifVersion === undefined) return { op: 'create', collection: 'c', id, json: '{}' };
    const at = { collection: 'c', id, ifVersion };
    return op === 'delete' || op === 'check' ? { ...at, op } : { ...at, op, json: '{}' };
  });
  for (const { id, deletes } of between) world.others(id, deletes);
  const applied = arrives && world.holds(writes) ? world.apply(writes) : undefined;
  let deletedOurs = false;
  for (const { id, deletes } of since) {
    deletedOurs ||= deletes && world.docs.get(id)?.creator === MINE;
    world.others(id, deletes);
  }
  const states = writes.map((write) => world.docs.get(write.id as Id));
  return { world, writes, applied, deletedOurs, verdict: judge(writes, states, MINE) };
}

const isOnly = (writes: readonly PreparedWrite[], op: string) => writes.every((write) => write.op === op);

describe('judging a commit from its documents', () => {
  it('is never wrong about what happened', () => {
    fc.assert(
      fc.property(history, (events) => {
        const { world, writes, applied, deletedOurs, verdict } = play(events);
        // The one thing let pass: what we created was deleted by others before we looked.
        fc.pre(!deletedOurs);
        const nothingLeft = isOnly(writes, 'delete') && writes.every(({ id }) => !world.docs.has(id as Id));
        if (verdict.became === 'won') {
          const holdsNow = isOnly(writes, 'check') && world.holds(writes);
          assert.ok(applied !== undefined || nothingLeft || holdsNow);
          if (verdict.at > 0) assert.equal(verdict.at, applied);
        }
        if (verdict.became === 'lost') {
          assert.equal(world.holds(writes), false);
          assert.ok(applied === undefined || isOnly(writes, 'check'));
        }
        if (verdict.became === 'untouched') {
          assert.equal(applied, undefined);
          assert.ok(world.holds(writes));
        }
      }),
      { numRuns: 5_000 },
    );
  });

  it('knows that a commit went through as long as nobody came after it', () => {
    fc.assert(
      fc.property(history, (events) => {
        const { writes, applied, verdict } = play({ ...events, since: [] });
        fc.pre(applied !== undefined);
        const leavesNoTrace = writes.every(({ op }) => op === 'delete' || op === 'check');
        if (!leavesNoTrace || isOnly(writes, 'delete')) assert.equal(verdict.became, 'won');
      }),
      { numRuns: 1_000 },
    );
  });

  it('knows that somebody else was first where one other write came before it', () => {
    const docs = createWorld();
    docs.others('a', false);
    const ifVersion = docs.docs.get('a')?.version ?? '';
    docs.others('a', false);
    for (const op of ['replace', 'delete'] as const) {
      const write: PreparedWrite = { op, collection: 'c', id: 'a', ifVersion, json: '{}' };
      assert.deepEqual(judge([write], [docs.docs.get('a')], MINE), { became: 'lost' });
    }
  });

  it('knows that it can never happen where one document is as expected and another has moved on', () => {
    const { docs, others } = createWorld();
    others('a', false);
    const a: PreparedWrite = {
      op: 'replace',
      collection: 'c',
      id: 'a',
      ifVersion: docs.get('a')?.version ?? '',
      json: '{}',
    };
    const b: PreparedWrite = { op: 'delete', collection: 'c', id: 'b', ifVersion: '0-gone' };
    assert.deepEqual(judge([a, b], [docs.get('a'), undefined], MINE), { became: 'lost' });
  });
});
