/**
 * A world as a number, equal for worlds that differ in nothing that can ever matter: times count from now and end where they are long past, of
 * versions that are gone it matters only whether an answer on its way still speaks of them, of nonces only which of them are equal. So the
 * explorer comes to an end, though time and terms do not. With 52 bits, two of a million worlds are taken for one another with a
 * probability of one in ten thousand.
 */
import type { Process, Request, Rules, World } from './model.ts';
import { stands } from './model-moves.ts';
import type { LeaseRecord } from './record.ts';
import type { Call, LeaseState } from './state.ts';

const WANTS = [undefined, 'once', 'patiently', 'resume', 'resuming'];
const KINDS = [undefined, 'take', 'renew', 'free'];
const NOTHING = 99_999;

/** What cannot happen any more is forgotten, and requests have no order but that of their senders. */
export function pruned(world: World): World {
  const { requests, stored, left } = world;
  const possible = requests.filter(({ orphan, write }) => {
    if (!orphan) return true;
    return write !== undefined && (stands(stored, write) || (left.delete > 0 && write.expects === undefined));
  });
  possible.sort((a, b) => rank(a) - rank(b));
  return { ...world, requests: possible };
}

function rank({ by, orphan }: Request): number {
  return 2 * by + (orphan ? 1 : 0);
}

export function keyOf(rules: Rules, world: World): number {
  let high = 0x811c9dc5;
  let low = 0x1b873593;
  const put = (value: number) => {
    const whole = Math.round(value * 4) | 0;
    high = Math.imul(high ^ whole, 0x01000193);
    high ^= high >>> 15;
    low = Math.imul(low ^ (whole + 0x9e3779b9), 0x85ebca6b);
    low ^= low >>> 13;
  };
  describe(rules, world, put);
  return (high >>> 0) * 2 ** 20 + ((low >>> 0) & 0xfffff);
}

function describe(rules: Rules, world: World, put: (value: number) => void): void {
  const { stored, left, processes, requests } = world;
  const { durationMs, patience } = rules.timing;
  const past = -Math.max(patience(durationMs), durationMs) - 1;
  /** More than that is as suspicious as that, also when the clock is set back by as much as the rules have it. */
  const ahead = rules.timing.suspendMs + 10;
  const flag = (value: unknown) => put(value ? 1 : 0);
  const text = (value: string | undefined) => {
    if (value === undefined) return put(NOTHING);
    put(value.length);
    for (let at = 0; at < value.length; at++) put(value.charCodeAt(at));
  };

  /** Versions that may still be met, in order; all others are as good as one. */
  const spoken: string[] = [`${stored.version}`];
  for (const { answer } of requests) {
    const seen =
      answer?.type === 'saw' ? answer.sighting?.version : answer?.type === 'wrote' ? answer.version : undefined;
    if (seen !== undefined && !spoken.includes(seen)) spoken.push(seen);
  }
  const version = (value: string | undefined) => put(value === undefined ? NOTHING : spoken.indexOf(value));
  /** Terms are told apart by when they began; of those no write speaks of, only which are equal. */
  const fences: number[] = [world.term, world.barrier, world.taken.fence];
  for (const { fence } of world.acts) fences.push(fence);
  for (const { state } of processes) if (state.term) fences.push(Number(state.term.fence));
  if (stored.record?.fence !== undefined) fences.push(Number(stored.record.fence));
  fences.sort((a, b) => a - b);
  const fence = (value: number) => put(fences.indexOf(value));

  const nonces: string[] = [];
  const bases: number[] = [];
  const attempt = ({ nonce, renewals }: LeaseRecord) => {
    let known = nonces.indexOf(nonce);
    if (known < 0) {
      known = nonces.push(nonce) - 1;
      bases.push(renewals);
    }
    put(known);
    put(Math.max(-4, Math.min(renewals - (bases[known] as number), 4)));
  };
  const record = (value: LeaseRecord | undefined) => {
    if (!value) return put(NOTHING);
    attempt(value);
    text(value.holder);
    text(value.successor);
    put(value.durationMs);
    flag(value.broken);
  };
  const write = (value: Request['write']) => {
    put(KINDS.indexOf(value?.kind));
    if (!value) return;
    version(value.expects);
    record(value.record);
  };

  version(`${stored.version}`);
  record(stored.record);
  put(Math.min(stored.idle, (stored.record?.durationMs ?? 0) / rules.slowest));
  if (rules.serverRate !== undefined) put(Math.min(stored.age, -past));
  for (const one of [world.term, world.barrier, world.taken.fence]) fence(one);
  if (world.taken.token !== world.taken.fence) put(world.taken.token);
  for (const act of world.acts) {
    fence(act.fence);
    if (act.token !== act.fence) put(act.token);
  }
  for (const count of [left.fail, left.lag, left.pause, left.restart, left.delete, left.break, left.sleep, left.jump])
    put(Math.min(count, 9));
  for (const count of [left.want, left.leave, left.resume, left.doubt, left.act]) put(count);

  const call = ({ sentAt, wallLead, write: sent }: Call, { mono, wall }: Process) => {
    put(Math.max(sentAt - mono, past));
    if (!sent) return put(NOTHING);
    put(Math.min(wall - mono - wallLead, ahead));
    write(sent);
  };
  const term = ({ term: held }: LeaseState, { mono, wall }: Process) => {
    if (!held) return put(NOTHING);
    attempt(held.record);
    version(held.version);
    fence(Number(held.fence));
    put(held.attempts - held.record.renewals);
    flag(held.lapsed);
    if (held.lapsed) return;
    flag(held.suspect);
    put(Math.max(held.deadline - mono, -1));
    put(Math.max(held.renewAt - mono, 0));
    put(Math.min(wall - mono - held.wallLead, ahead));
  };
  for (const process of processes) {
    const { state, mono } = process;
    const { sight } = state;
    put(process.incarnation);
    put(WANTS.indexOf(state.want));
    put(WANTS.indexOf(process.wish));
    for (const is of [process.paused, process.asleep, process.leads, process.blind, state.looked, state.leaving])
      flag(is);
    text(state.leaving?.successor);
    put(Math.min(state.failures, 3));
    put(state.want === 'patiently' ? Math.max(state.retryAt - mono, 0) : 0);
    term(state, process);
    if (!sight) put(NOTHING);
    else {
      const { found } = sight;
      put(Math.max(sight.at - mono, past));
      version(found?.version);
      text(found?.record.holder);
      text(found?.record.successor);
      put(found?.record.durationMs ?? 0);
    }
    flag(state.call);
    if (state.call) call(state.call, process);
    put(state.unsure.length);
    for (const one of state.unsure) call(one, process);
  }
  for (const { by, orphan, slow, write: sent, answer } of requests) {
    put(1_000 + by);
    flag(orphan);
    flag(slow);
    // A request of which an answer is waited for is the process's own call.
    if (orphan) write(sent);
    put(answer ? answer.type.length : 0);
    if (answer?.type === 'wrote') version(answer.version);
    if (answer?.type === 'saw') {
      version(answer.sighting?.version);
      record(answer.sighting?.record);
      put(answer.sighting?.ageMs ?? 0);
    }
  }
}
