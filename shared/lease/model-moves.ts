/** Makes a move in the model's world, and checks on the way what can only be checked in between. */
import type { Machine, Move, Process, Request, Rules, Stored, World } from './model.ts';
import { born, Violation } from './model.ts';
import { fenceOf, type LeaseRecord, type RecordWrite, type Sighting } from './record.ts';
import type { Effect, LeaseEvent, LeaseState, Outcome } from './state.ts';

type Bare<E> = E extends LeaseEvent ? Omit<E, 'now'> : never;

const REFUSED: Outcome = { type: 'failed', reason: 'refused' };

export interface Making {
  machine: Machine;
  rules: Rules;
  /** For the jitter of an event; 0.5 without it. */
  random?: () => number;
}

export function make(making: Making, world: World, move: Move): World {
  switch (move.type) {
    case 'time':
      return pass(making.rules, world, move.ticks);
    case 'arrive':
      return arrive(making.rules, world, move.request);
    case 'lag': {
      const requests = world.requests.map((one, at) => (at === move.request ? { ...one, slow: true } : one));
      return { ...spent(world, 'lag'), requests };
    }
    case 'answer': {
      const request = world.requests[move.request] as Request;
      const rest = without(world, move.request);
      if (request.orphan) return rest;
      return tell(making, rest, request.by, {
        type: 'answer',
        call: request.call,
        outcome: request.answer as Outcome,
      });
    }
    case 'land':
      return land(making.rules, world, move.act);
    case 'delete':
      return overwritten(spent(world, 'delete'), undefined);
    case 'break': {
      const { record, version } = world.stored;
      if (!record) return world;
      const broken = { reason: 'stuck', by: 'ops', at: '' };
      const fence = fenceOf({ version: `${version}`, record });
      const next = overwritten(spent(world, 'break'), { ...record, holder: '', fence, broken });
      return { ...next, term: next.versions };
    }
    default:
      return doneBy(making, world, move);
  }
}

function doneBy(making: Making, world: World, move: Extract<Move, { by: number }>): World {
  const { by } = move;
  const process = world.processes[by] as Process;
  switch (move.type) {
    case 'tick':
      return tell(making, world, by, { type: 'tick' });
    case 'want':
      return tell(making, changed(spent(world, 'want'), by, { wish: move.how }), by, { type: 'want', how: move.how });
    case 'resume':
      return tell(making, changed(spent(world, 'resume'), by, { wish: 'resume' }), by, { type: 'resume' });
    case 'doubt':
      return tell(making, spent(world, 'doubt'), by, { type: 'doubt' });
    case 'leave': {
      const heir = (by + 1) % world.processes.length;
      const successor = making.rules.successor ? world.processes[heir]?.state.identity : undefined;
      const leaving = changed(spent(world, 'leave'), by, { wish: undefined });
      const left = tell(making, leaving, by, { type: 'leave', ...(successor !== undefined && { successor }) });
      return changed(left, by, { leads: false });
    }
    case 'fail': {
      const call = process.state.call?.id as number;
      const requests = world.requests.flatMap((request) => {
        if (request.by !== by || request.orphan) return [request];
        return request.write && !request.answer ? [{ ...request, orphan: true }] : [];
      });
      const outcome: Outcome = { type: 'failed', reason: 'no answer' };
      return tell(making, { ...spent(world, 'fail'), requests }, by, { type: 'answer', call, outcome });
    }
    case 'restart': {
      const { mono, wall } = process;
      const fresh = { ...born(making.machine, making.rules, by, process.incarnation + 1), mono, wall };
      const requests = world.requests.flatMap((request) => {
        if (request.by !== by) return [request];
        return request.write && !request.answer ? [{ ...request, orphan: true }] : [];
      });
      return { ...changed(spent(world, 'restart'), by, fresh), requests };
    }
    case 'sleep':
      return changed(spent(world, 'sleep'), by, { asleep: true });
    case 'pause':
      return changed(spent(world, 'pause'), by, { paused: true });
    case 'go':
      return changed(world, by, { paused: false, asleep: false });
    case 'jump':
      return changed(spent(world, 'jump'), by, { wall: process.wall + move.ms });
    case 'act': {
      const { term } = process.state;
      if (!term) return world;
      const fence = Number(term.fence);
      const act = { token: making.rules.tokenOf(fence, term.record), fence };
      return { ...spent(world, 'act'), acts: [...world.acts, act] };
    }
  }
}

function pass({ rates, serverRate = 0 }: Rules, world: World, ticks: number): World {
  const processes = world.processes.map((process, index) => {
    const gained = (rates[index] as number) * ticks;
    return { ...process, mono: process.asleep ? process.mono : process.mono + gained, wall: process.wall + gained };
  });
  const { idle, age } = world.stored;
  return { ...world, processes, stored: { ...world.stored, idle: idle + ticks, age: age + serverRate * ticks } };
}

/** An event at one process, and what its machine makes of it. */
function tell({ machine, random }: Making, world: World, by: number, event: Bare<LeaseEvent>): World {
  const before = world.processes[by] as Process;
  const nonces = world.nonces + 1;
  const now = { mono: before.mono, wall: before.wall, nonce: `n${nonces}`, jitter: random?.() ?? 0.5 };
  const { state, effects } = machine.step(before.state, { ...event, now });
  const next: Process = { ...before, state };
  if (event.type === 'answer') {
    if (event.outcome.type !== 'failed') next.blind = false;
    const kind = before.state.call?.write?.kind;
    if (event.outcome.type === 'failed' && (kind === 'take' || kind === 'renew')) next.blind = true;
    mustHaveLearnt(before, event.outcome, effects);
  }
  const requests = [...world.requests];
  for (const effect of effects) {
    if (effect.type === 'read') requests.push({ by, call: effect.call, orphan: false, slow: false });
    else if (effect.type === 'write') {
      if (next.blind && effect.write.kind === 'take')
        throw new Violation('I6', `process ${by} takes without having looked what became of its last write`);
      mustBeNew(world, state, effect.write);
      requests.push({ by, call: effect.call, orphan: false, slow: false, write: effect.write });
    } else hear(machine, by, next, effect);
  }
  // A term that still stood is renewed without a word.
  if (next.wish === 'resume' && state.want === undefined && next.leads) next.wish = undefined;
  if (next.wish && !state.call && machine.wakeAt(state) === undefined)
    throw new Violation('L1', `process ${by} wants the lease and sleeps for ever`);
  return { ...world, nonces, requests, processes: world.processes.map((one, index) => (index === by ? next : one)) };
}

/** The caller of a process is told something. */
function hear(
  machine: Machine,
  by: number,
  process: Process,
  effect: Exclude<Effect, { type: 'read' | 'write' }>,
): void {
  if (effect.type === 'won') {
    if (process.leads || !process.wish) throw new Violation('I6', `process ${by} is told that it won, unasked`);
    if (machine.standing(process.state, process) === 'over')
      throw new Violation('I6', `process ${by} is told that it won when that was over`);
    process.leads = true;
    process.wish = undefined;
  } else if (effect.type === 'lost') {
    if (!process.leads) throw new Violation('I6', `process ${by} is told that it lost what it did not have`);
    process.leads = false;
  } else if (effect.type === 'denied') {
    if (process.wish !== 'resume' && process.wish !== 'once')
      throw new Violation('I6', `process ${by} is denied what it did not ask for`);
    process.wish = undefined;
  }
}

/** Whoever reads its own latest take while that still counts, has won. */
function mustHaveLearnt(before: Process, outcome: Outcome, effects: Effect[]): void {
  if (outcome.type !== 'saw' || !before.wish || before.state.leaving) return;
  const { timing, unsure } = before.state;
  const last = unsure.at(-1);
  const found = outcome.sighting?.record;
  if (found?.holder !== before.state.identity || last?.write?.kind !== 'take') return;
  const counts = before.mono < last.sentAt + timing.durationMs - timing.guardMs;
  if (counts && last.write.record.nonce === found.nonce && !effects.some(({ type }) => type === 'won'))
    throw new Violation('I6', `${found.holder} reads its own take and does not know that it won`);
}

/** Two attempts that look alike could not be told apart in the record. */
function mustBeNew({ requests }: World, { unsure }: LeaseState, { kind, record }: RecordWrite): void {
  if (kind !== 'renew') return;
  const sent = [...requests, ...unsure].map(({ write }) => write?.record);
  for (const other of sent)
    if (other?.holder === record.holder && other.nonce === record.nonce && other.renewals === record.renewals)
      throw new Violation('I4', `${record.holder} sends a renewal that cannot be told from another`);
}

function arrive(rules: Rules, world: World, index: number): World {
  const request = world.requests[index] as Request;
  const { stored } = world;
  const { write } = request;
  const answered = (next: World, answer: Outcome): World => {
    if (request.orphan) return without(next, index);
    return { ...next, requests: next.requests.map((one, at) => (at === index ? { ...one, answer } : one)) };
  };
  if (!write) {
    const { record, version, age } = stored;
    const sighting: Sighting | undefined = record && {
      version: `${version}`,
      record,
      ...(rules.serverRate !== undefined && { ageMs: age }),
    };
    return answered(world, { type: 'saw', ...(sighting && { sighting }) });
  }
  if (!stands(stored, write)) return answered(world, REFUSED);
  mustBeDue(rules, stored, write);
  // A write that changes nothing leaves the version where it was, as it does in Firestore.
  if (stored.record && same(stored.record, write.record))
    return answered(world, { type: 'wrote', version: `${stored.version}` });
  const next = written(world, write.record);
  const began = write.kind === 'take' ? { ...next, term: next.versions } : next;
  return answered(began, { type: 'wrote', version: `${next.versions}` });
}

export function stands({ version, record }: Stored, { expects }: RecordWrite): boolean {
  return record ? expects === `${version}` : expects === undefined;
}

/** Nobody takes an unreleased lease before its duration has passed since it was last written; a named successor comes first. */
function mustBeDue({ slowest, lawless }: Rules, stored: Stored, write: RecordWrite): void {
  const { record, version, idle } = stored;
  if (!record) return;
  if (write.kind !== 'take') {
    if (record.nonce === write.record.nonce && fenceOf({ version: `${version}`, record }) === write.record.fence)
      return;
    throw new Violation('I3', 'a renewal or release of one term went over another');
  }
  const taker = write.record.holder;
  const open = record.holder === '' && (record.successor === undefined || record.successor === taker);
  if (lawless || open || record.holder === taker || idle * slowest >= record.durationMs) return;
  throw new Violation('I5', `${taker} took the lease after ${idle} ticks`);
}

function written(world: World, record: LeaseRecord | undefined): World {
  const version = world.versions + 1;
  return { ...world, versions: version, stored: { version, idle: 0, age: 0, ...(record && { record }) } };
}

/** From outside, whatever its holder thinks. */
function overwritten(world: World, record: LeaseRecord | undefined): World {
  const next = written(world, record);
  return { ...next, barrier: next.versions };
}

/** The resource takes or refuses a write. */
function land({ fenced }: Rules, world: World, index: number): World {
  const { token, fence } = world.acts[index] as { token: number; fence: number };
  const rest = { ...world, acts: world.acts.filter((_, at) => at !== index) };
  const { taken } = world;
  if (fenced && token < taken.token) {
    if (fence >= taken.fence && fence >= world.term) throw new Violation('I2', 'the leader`s own write was refused');
    return rest;
  }
  if (fence < taken.fence) throw new Violation('I2', 'a write of an earlier term was taken after one of a later term');
  return { ...rest, taken: { token: Math.max(token, taken.token), fence } };
}

function same(a: LeaseRecord, b: LeaseRecord): boolean {
  const text = (record: LeaseRecord) => JSON.stringify(Object.entries(record).sort(([x], [y]) => (x < y ? -1 : 1)));
  return text(a) === text(b);
}

function without(world: World, index: number): World {
  return { ...world, requests: world.requests.filter((_, at) => at !== index) };
}

function changed(world: World, by: number, change: Partial<Process>): World {
  return {
    ...world,
    processes: world.processes.map((one, index) => (index === by ? { ...one, ...change } : one)),
  };
}

function spent(world: World, what: keyof World['left']): World {
  return { ...world, left: { ...world.left, [what]: world.left[what] - 1 } };
}
