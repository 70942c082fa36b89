/**
 * The lease's state machine: a pure function from a state and an event to the next state and what is to be done. It reads no clock, draws no
 * random number and knows no driver; time, randomness and answers come with the events. So every interleaving of it can be walked by a test.
 *
 * **A contender** looks at the record. It may take it when nobody holds it: there is none, it was released, or it has stood still for longer than
 * its own duration says (stretched for the difference between clocks, see expiry.ts), counted from when this process first RECEIVED that
 * version. Where the server tells how old the version was when it was read, the count starts that much earlier.
 *
 * **A taker** replaces the version it saw, in one compare-and-set with a nonce of its own. A failure of that, even a refusal, says nothing: it may be
 * the answer to a repetition of an attempt that went through. So the attempt is kept and the record is read before anything else is tried. An
 * attempt that stands in the record was won, however late that is learned, and its time counts from when it was SENT.
 *
 * **A holder** counts its lease from the sending of the request that won or last renewed it, and ceases to count on it `guardMs` before the end.
 * It renews after a third of the duration, one request at a time. A renewal that failed is looked up likewise: each attempt writes a number of
 * its own, so the record tells which of them happened. If none did, nothing was gained; if another nonce stands there, the term is over.
 *
 * **A term that has run out** is lost, yet remembered: an instance that was frozen may resume it by renewing the very version it left behind, which
 * succeeds only if nobody has held the lease since.
 *
 * **A holder that leaves** counts on nothing from that moment: its release may have happened, whatever became of the answer. What is wanted in the
 * meantime waits until it has left.
 *
 * **Wall clocks** are never compared with anybody else's. When this machine's wall clock has run ahead of its monotonic one, the machine may have
 * been suspended while the monotonic clock stood still; then the holder must renew before it counts on its lease again. So a wall clock can
 * shorten a lease and never prolong it.
 */
import { fenceOf, type LeaseRecord, type RecordWrite, type Sighting } from './record.ts';
import {
  type Call,
  type Effect,
  freeAt,
  type LeaseEvent,
  type LeaseState,
  type LossReason,
  type Now,
  type Outcome,
  type Sight,
  type Step,
  type Term,
} from './state.ts';

const CALM = { failures: 0, failure: undefined };

export function step(before: LeaseState, event: LeaseEvent): Step {
  const { now } = event;
  const state = afterTime(before, now);
  const { state: next, effects } = react(state, event, now);
  const expired = state.term?.lapsed && !before.term?.lapsed && !before.leaving;
  return { state: next, effects: expired ? [{ type: 'lost', reason: 'expired' }, ...effects] : effects };
}

/** What the passing of time alone has done to the term. */
function afterTime(state: LeaseState, now: Now): LeaseState {
  const { term, timing } = state;
  if (!term || term.lapsed) return state;
  if (now.mono >= term.deadline - timing.guardMs) return { ...state, term: { ...term, lapsed: true } };
  const ahead = now.wall - now.mono;
  if (!term.suspect && ahead - term.wallLead > timing.suspendMs)
    return { ...state, term: { ...term, suspect: true, renewAt: now.mono } };
  return ahead < term.wallLead ? { ...state, term: { ...term, wallLead: ahead } } : state;
}

function react(state: LeaseState, event: LeaseEvent, now: Now): Step {
  switch (event.type) {
    case 'want': {
      if (state.term && !state.term.lapsed && !state.leaving) return { state, effects: [{ type: 'denied' }] };
      // What is being given back stays given back: a release that was sent may yet happen.
      return decide({ ...state, ...CALM, want: event.how, looked: false, retryAt: now.mono }, now);
    }
    case 'leave': {
      const leaving = event.successor === undefined ? {} : { successor: event.successor };
      return decide({ ...state, ...CALM, want: undefined, leaving, looked: false }, now);
    }
    case 'resume':
      if (!state.term || state.leaving) return { state, effects: [{ type: 'denied' }] };
      return decide({ ...state, want: 'resume' }, now);
    case 'doubt':
      return state.term && !state.call ? look(state, now) : only(state);
    case 'tick':
      return decide(state, now);
    case 'answer': {
      const { call } = state;
      // Of a request that was given up.
      if (event.call !== call?.id) return only(state);
      return answered({ ...state, call: undefined }, call, event.outcome, now);
    }
  }
}

function answered(state: LeaseState, call: Call, outcome: Outcome, now: Now): Step {
  if (outcome.type === 'failed') return failed(state, call, outcome.reason, now);
  if (outcome.type === 'saw') return saw(state, outcome.sighting, now);
  const { version } = outcome;
  const record = call.write?.record as LeaseRecord;
  if (call.write?.kind === 'free')
    return left({ ...state, sight: { found: { version, record }, at: now.mono } }, true, now);
  return settled(state, call, { version, record }, now);
}

/** What is to be done while no request is under way. */
function decide(state: LeaseState, now: Now): Step {
  const { call, term, leaving, want } = state;
  if (call) return only(state);
  if (leaving) return leave(state, now);
  if (term && want === 'resume') return renew({ ...state, want: 'resuming' }, term, now);
  if (term && !term.lapsed) return now.mono >= term.renewAt ? renew(state, term, now) : only(state);
  if (want === 'resume' || want === 'resuming') return denied(state);
  return want ? contend(state, now) : only(state);
}

function contend(state: LeaseState, now: Now): Step {
  if (state.want === 'patiently' && now.mono < state.retryAt) return only(state);
  const contending = withoutTerm(state, now);
  const free = freeAt(contending);
  const resolved = contending.looked || contending.unsure.length === 0;
  // The record is as it was, but it cannot be written: that is for another time.
  if (contending.want === 'once' && contending.looked && contending.failures > 0) return denied(contending);
  if (free !== undefined && now.mono >= free && resolved) return take(contending, now);
  if (!contending.looked) return look(contending, now);
  if (contending.want === 'once') return denied(contending);
  const poll = now.mono + jittered(contending.timing.pollMs, now);
  return only({ ...contending, looked: false, retryAt: free === undefined ? poll : Math.min(poll, free) });
}

/** Whoever wants a lease anew gives up the chance to resume its last term, and knows the record that it left. */
function withoutTerm(state: LeaseState, now: Now): LeaseState {
  if (!state.term) return state;
  const { version, record } = state.term;
  return { ...state, term: undefined, sight: { found: { version, record }, at: now.mono } };
}

function leave(state: LeaseState, now: Now): Step {
  const { term, leaving, unsure, looked } = state;
  if (unsure.length > 0 && !looked) return look(state, now);
  if (!term) return left(state, unsure.length === 0, now);
  const { version, fence } = term;
  const record: LeaseRecord = { ...term.record, holder: '', fence, ...leaving };
  return send(state, now, { kind: 'free', expects: version, record });
}

function look(state: LeaseState, now: Now): Step {
  return send(state, now);
}

function take(state: LeaseState, now: Now): Step {
  const { identity, note, timing, sight } = state;
  const record: LeaseRecord = {
    holder: identity,
    nonce: now.nonce,
    durationMs: timing.durationMs,
    renewals: 0,
    term: (sight?.found?.record.term ?? 0) + 1,
    since: new Date(now.wall).toISOString(),
    ...(note !== undefined && { note }),
  };
  return send(state, now, { kind: 'take', ...(sight?.found && { expects: sight.found.version }), record });
}

function renew(state: LeaseState, term: Term, now: Now): Step {
  const attempts = term.attempts + 1;
  const record: LeaseRecord = { ...term.record, renewals: attempts, fence: term.fence };
  const trying: LeaseState = { ...state, term: { ...term, attempts } };
  return send(trying, now, { kind: 'renew', expects: term.version, record });
}

function send(state: LeaseState, now: Now, write?: RecordWrite): Step {
  const id = state.calls + 1;
  const call: Call = { id, sentAt: now.mono, wallLead: now.wall - now.mono, ...(write && { write }) };
  const effect: Effect = write ? { type: 'write', call: id, write } : { type: 'read', call: id };
  return { state: { ...state, calls: id, call }, effects: [effect] };
}

/** A take or a renewal is known to have happened: the lease counts from its sending. */
function settled(
  state: LeaseState,
  call: Call,
  { version, record }: Pick<Sighting, 'version' | 'record'>,
  now: Now,
): Step {
  const { timing, want, leaving } = state;
  const begins = !state.term || (state.term.lapsed && (want === 'resume' || want === 'resuming'));
  const term: Term = {
    record,
    version,
    fence: fenceOf({ version, record }),
    deadline: call.sentAt + timing.durationMs,
    renewAt: call.sentAt + jittered(timing.renewMs, now),
    attempts: Math.max(record.renewals, state.term?.attempts ?? 0),
    wallLead: call.wallLead,
    suspect: false,
    lapsed: !begins && state.term?.lapsed === true,
  };
  const holding = afterTime({ ...state, ...CALM, term, unsure: [], sight: undefined }, now);
  if (leaving) return decide(holding, now);
  if (holding.term?.lapsed) return tooLate(holding, now);
  const { state: next, effects } = decide({ ...holding, want: undefined }, now);
  return { state: next, effects: begins ? [{ type: 'won' }, ...effects] : effects };
}

/** The record is ours, but by the time this was known its duration was over. */
function tooLate(state: LeaseState, now: Now): Step {
  const late: LeaseState = { ...state, failures: 1, failure: 'the answer came too late', looked: false };
  if (state.want === 'once' || state.want === 'resuming') return denied(late);
  return decide({ ...late, retryAt: now.mono + backoff(late, now) }, now);
}

function saw(state: LeaseState, sighting: Sighting | undefined, now: Now): Step {
  const { identity, term, timing } = state;
  const found = sighting && { version: sighting.version, record: sighting.record };
  const seen: LeaseState = { ...state, looked: true, sight: sightOf(state.sight, sighting, now) };
  const ours = found?.record.holder === identity;
  const done = ours ? state.unsure.find(({ write }) => isSameAttempt(write?.record, found.record)) : undefined;
  if (done && found) return settled(seen, done, found, now);

  // What was sent over a version that is gone can never happen any more; over the one that still stands it may.
  const unsure = state.unsure.filter(
    ({ write, sentAt }) => write?.expects === found?.version && now.mono - sentAt < timing.durationMs,
  );
  if (!term) return decide({ ...seen, unsure, ...(unsure.length === 0 && CALM) }, now);
  if (ours && found.record.nonce === term.record.nonce) {
    const renewAt = state.failures > 0 ? now.mono + backoff(state, now) : term.renewAt;
    return decide({ ...seen, unsure, term: { ...term, version: found.version, renewAt } }, now);
  }
  const over: LeaseState = { ...seen, unsure, term: undefined };
  if (state.leaving) return left(over, true, now);
  const { state: next, effects } = decide(over, now);
  return {
    state: next,
    effects: term.lapsed ? effects : [{ type: 'lost', reason: lossOf(found?.record) }, ...effects],
  };
}

/** A version seen before was there when it was first seen; one that is new, at least as long as the server says. */
function sightOf(before: Sight | undefined, sighting: Sighting | undefined, now: Now): Sight {
  if (!sighting) return { at: now.mono };
  const { version, record, ageMs = 0 } = sighting;
  const at = now.mono - ageMs;
  return { found: { version, record }, at: before?.found?.version === version ? Math.min(before.at, at) : at };
}

function isSameAttempt(sent: LeaseRecord | undefined, found: LeaseRecord): boolean {
  return sent?.nonce === found.nonce && sent.renewals === found.renewals;
}

function lossOf(found: LeaseRecord | undefined): LossReason {
  if (!found) return 'deleted';
  return found.broken ? 'broken' : 'taken';
}

function failed(before: LeaseState, call: Call, reason: string, now: Now): Step {
  const state: LeaseState = { ...before, failures: before.failures + 1, failure: reason, looked: false };
  const retryAt = now.mono + backoff(state, now);
  const kind = call.write?.kind;
  if (kind === 'take' || kind === 'renew') return look({ ...state, unsure: [...state.unsure, call], retryAt }, now);
  if (kind === 'free') return before.failures === 0 ? look(state, now) : left(state, false, now);
  if (state.leaving) return left(state, !state.term && state.unsure.length === 0, now);
  if (state.term && !state.term.lapsed) return only({ ...state, term: { ...state.term, renewAt: retryAt } });
  if (state.want === 'patiently') return only({ ...state, retryAt });
  return state.want ? denied(state) : only(state);
}

function backoff({ failures, timing }: LeaseState, now: Now): number {
  return now.jitter * Math.min(timing.renewMs, timing.backoffMs * 2 ** (failures - 1));
}

/** Within a tenth of `ms` to either side, so that many do not act at once. */
function jittered(ms: number, now: Now): number {
  return ms * (0.9 + 0.2 * now.jitter);
}

function denied(state: LeaseState): Step {
  return { state: { ...state, want: undefined }, effects: [{ type: 'denied' }] };
}

/** The end of a term that was given back; what has been wanted since begins here. */
function left(state: LeaseState, clean: boolean, now: Now): Step {
  const sight = clean ? state.sight : undefined;
  const gone: LeaseState = { ...state, ...CALM, leaving: undefined, term: undefined, sight, unsure: [], looked: false };
  const { state: next, effects } = decide(gone, now);
  return { state: next, effects: [{ type: 'left', clean }, ...effects] };
}

function only(state: LeaseState): Step {
  return { state, effects: [] };
}
