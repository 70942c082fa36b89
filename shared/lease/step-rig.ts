/** One contender with a clock of its own, to which the test is the store. */
import assert from 'node:assert/strict';
import type { LeaseRecord, RecordWrite, Sighting } from './record.ts';
import {
  type Effect,
  freeAt,
  initialState,
  type LeaseEvent,
  type LeaseState,
  type Outcome,
  standing,
  wakeAt,
} from './state.ts';
import { step } from './step.ts';
import { timingFor } from './timing.ts';

export const D = 9_000;
export const timing = timingFor(D, true);

/** It starts at 5,000 of its monotonic clock; its effects come as the words for them. */
export function contender(identity = 'me', note?: string) {
  let state: LeaseState = initialState(identity, timing, note);
  let mono = 5_000;
  let wall = 1_700_000_000_000;
  let nonces = 0;
  let sent: RecordWrite | undefined;

  type Bare<E> = E extends LeaseEvent ? Omit<E, 'now'> : never;
  const tell = (event: Bare<LeaseEvent>) => {
    const now = { mono, wall, nonce: `${identity}-${++nonces}`, jitter: 0.5 };
    const { state: next, effects } = step(state, { ...event, now });
    state = next;
    for (const effect of effects) if (effect.type === 'write') sent = effect.write;
    return effects.map(told);
  };
  const answer = (outcome: Outcome, call = state.calls) => tell({ type: 'answer', call, outcome });

  return {
    want: (how: 'once' | 'patiently' = 'once') => tell({ type: 'want', how }),
    leave: (successor?: string) => tell({ type: 'leave', ...(successor !== undefined && { successor }) }),
    tick: () => tell({ type: 'tick' }),
    resume: () => tell({ type: 'resume' }),
    doubt: () => tell({ type: 'doubt' }),
    answer,
    sees: (version?: string, record?: LeaseRecord, ageMs?: number) => {
      if (version === undefined || record === undefined) return answer({ type: 'saw' });
      const sighting: Sighting = { version, record, ...(ageMs !== undefined && { ageMs }) };
      return answer({ type: 'saw', sighting });
    },
    wrote: (version: string) => answer({ type: 'wrote', version }),
    failed: (call?: number) => answer({ type: 'failed', reason: 'cut off' }, call),
    /** Time passes on both clocks. */
    pass: (ms: number) => {
      mono += ms;
      wall += ms;
    },
    /** The machine sleeps, and its monotonic clock with it; or somebody sets the wall clock. */
    wallJumps: (ms: number) => {
      wall += ms;
    },
    standing: () => standing(state, { mono, wall }),
    /** From now, in milliseconds. */
    wakesIn: () => {
      const at = wakeAt(state);
      return at === undefined ? undefined : at - mono;
    },
    freeIn: () => {
      const at = freeAt(state);
      return at === undefined ? undefined : at - mono;
    },
    get state() {
      return state;
    },
    /** What it last asked the store to write. */
    get sent() {
      return sent as RecordWrite;
    },
  };
}

function told(effect: Effect): string {
  if (effect.type === 'write') return effect.write.kind;
  if (effect.type === 'lost') return `lost: ${effect.reason}`;
  return effect.type === 'left' && !effect.clean ? 'left uncleanly' : effect.type;
}

/** One that holds the lease since version v1, sent `took` milliseconds ago. */
export function holder(took = 0) {
  const me = contender();
  me.want();
  me.sees();
  me.pass(took);
  assert.deepEqual(me.wrote('v1'), ['won']);
  return me;
}

export const theirs = (change: Partial<LeaseRecord> = {}): LeaseRecord => ({
  holder: 'them',
  nonce: 'n',
  durationMs: D,
  renewals: 0,
  term: 7,
  since: '2026-01-01T00:00:00.000Z',
  ...change,
});
