/** A test of the tests: each way to get the lease wrong that is known must be found by the explorer, or the explorer proves nothing. */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { explore, type Scenario } from './explorer.ts';
import { mustGoOn } from './explorer-fair.ts';
import { SCENARIOS } from './explorer-scenarios.ts';
import type { Machine, Rules } from './model.ts';
import { type Change, mutated } from './model-mutants.ts';
import { initialState, standing, wakeAt } from './state.ts';
import { step } from './step.ts';

const MACHINE: Machine = { step, standing, wakeAt, initialState };
const MOST = 150_000;
/** One of so many worlds is tried for what comes of it without further faults. */
const EVERY = 30;

interface Mutant {
  where: keyof typeof SCENARIOS;
  /** What does not hold any more. */
  breaks: string;
}

const inStep = (find: string, replace: string): Change => ({ file: 'step.ts', find, replace });
const inState = (find: string, replace: string): Change => ({ file: 'state.ts', find, replace });

const MUTANTS: Record<string, Mutant & Change> = {
  'a holder counts from the receipt of the answer': {
    ...inStep('deadline: call.sentAt +', 'deadline: now.mono +'),
    where: 'late answers and pauses',
    breaks: 'I1',
  },
  'a holder whose answer was lost counts from its look': {
    ...inStep(
      'return settled(seen, done, found, now)',
      'return settled(seen, { ...done, sentAt: now.mono }, found, now)',
    ),
    where: 'lost and late answers',
    breaks: 'I1',
  },
  'a contender counts from the sending of its look': {
    ...inStep(
      "if (outcome.type === 'saw') return saw(state, outcome.sighting, now);",
      "if (outcome.type === 'saw') return saw(state, outcome.sighting && { ...outcome.sighting, ageMs: now.mono - call.sentAt }, now);",
    ),
    where: 'late answers and pauses',
    breaks: 'I5',
  },
  'a contender goes on counting when the version has changed': {
    ...inStep('before?.found?.version === version ? Math.min(before.at, at) : at', 'Math.min(before?.at ?? at, at)'),
    where: 'lost answers',
    breaks: 'I5',
  },
  'a contender counts anew with each look': {
    ...inStep('? Math.min(before.at, at) : at', '? at : at'),
    where: 'lost answers',
    breaks: 'L1',
  },
  'a contender subtracts the age from its own count as well': {
    ...inStep('? Math.min(before.at, at) : at', '? before.at - ageMs : at'),
    where: 'ages by the server`s clock',
    breaks: 'I5',
  },
  'a contender goes by its own duration': {
    ...inState('timing.patience(durationMs)', 'timing.patience(timing.durationMs)'),
    where: 'leases of two durations',
    breaks: 'I5',
  },
  'a contender never wakes': {
    ...inState("want === 'patiently' && !call ? retryAt : undefined", 'undefined'),
    where: 'lost answers',
    breaks: 'L1',
  },
  'a successor is not waited for': {
    ...inState('(successor === undefined || successor === identity)', 'true'),
    where: 'a named successor',
    breaks: 'I5',
  },
  'a renewal changes nothing': {
    ...inStep('renewals: attempts, fence', 'renewals: 0, fence'),
    where: 'a slow holder and a fast contender',
    breaks: 'I1',
  },
  'a renewal that failed prolongs the lease': {
    ...inStep(
      'term: { ...term, version: found.version, renewAt }',
      'term: { ...term, version: found.version, renewAt, deadline: now.mono + timing.durationMs }',
    ),
    where: 'lost answers',
    breaks: 'I1',
  },
  'two renewals have the same number': {
    ...inStep('term.attempts + 1', 'term.record.renewals + 1'),
    where: 'lost answers',
    breaks: 'I4',
  },
  'a renewal is its term`s fence': {
    ...inStep('fence: fenceOf({ version, record })', 'fence: version'),
    where: 'lost answers',
    breaks: 'I3',
  },
  'a holder goes on over somebody else`s record': {
    ...inStep('if (ours && found.record.nonce === term.record.nonce)', 'if (found)'),
    where: 'frozen instances that resume',
    breaks: 'I3',
  },
  'a taker does not know its own work': {
    ...inStep('const done = ours ?', "const done = ours && found.record.nonce === '' ?"),
    where: 'lost answers',
    breaks: 'I6',
  },
  'a taker takes again before it looked': {
    ...inStep('const resolved = contending.looked || contending.unsure.length === 0', 'const resolved = true'),
    where: 'lost answers',
    breaks: 'I6',
  },
  'a taker believes an answer that comes too late': {
    ...inStep(
      'const holding = afterTime({ ...state, ...CALM, term, unsure: [], sight: undefined }, now)',
      'const holding: LeaseState = { ...state, ...CALM, term, unsure: [], sight: undefined }',
    ),
    where: 'late answers and pauses',
    breaks: 'I6',
  },
  'a term that was lost is held again, and nobody is told': {
    ...inStep('lapsed: !begins && state.term?.lapsed === true', 'lapsed: false'),
    where: 'late answers and pauses',
    breaks: 'I6',
  },
  'a new wish takes back what is being released': {
    ...inStep('want: event.how, looked: false', 'want: event.how, leaving: undefined, looked: false'),
    where: 'those who ask once, and leave',
    breaks: 'I6',
  },
  'a holder counts on its lease while it gives it back': {
    ...inState('term.lapsed || leaving ||', 'term.lapsed ||'),
    where: 'those who ask once, and leave',
    breaks: 'I6',
  },
  'a holder counts on its lease to the very end': {
    ...inState(
      "leaving || now.mono >= term.deadline - timing.guardMs) return 'over'",
      "leaving || now.mono >= term.deadline) return 'over'",
    ),
    where: 'machines that sleep, and pauses',
    breaks: 'I1',
  },
  'a holder does not notice that its machine slept': {
    ...inState('now.wall - now.mono - term.wallLead > timing.suspendMs', 'false'),
    where: 'machines that sleep',
    breaks: 'I1',
  },
  'a renewal that was sent before a sleep mends it': {
    ...inStep('wallLead: call.wallLead', 'wallLead: now.wall - now.mono'),
    where: 'machines that sleep',
    breaks: 'I1',
  },
};

/** What is wrong around the machine. */
const SURROUNDINGS: Record<string, Mutant & { rules?: Partial<Rules>; machine?: Machine }> = {
  'patience does not cover the drift of clocks': {
    rules: { timing: { ...SCENARIOS['a slow holder and a fast contender'].rules.timing, patience: (ms) => ms } },
    where: 'a slow holder and a fast contender',
    breaks: 'I5',
  },
  'the resource takes everything': { rules: { fenced: false }, where: 'stale writes to the resource', breaks: 'I2' },
  'tokens are counted in the record, and begin anew when it is deleted': {
    rules: { tokenOf: (_, { term }) => term },
    where: 'a record that is deleted under a stale write',
    breaks: 'I2',
  },
  'two processes of a machine have one identity': {
    machine: { ...MACHINE, initialState: (_, timing) => initialState('host', timing) },
    where: 'lost answers',
    breaks: 'I1',
  },
  'the server`s clock is faster than is tolerated': {
    rules: { serverRate: 7 },
    where: 'ages by a server`s clock that is fast',
    breaks: 'I5',
  },
  'a sleep may go unnoticed for longer than the guard covers': {
    rules: { timing: { ...SCENARIOS['machines that sleep, and pauses'].rules.timing, suspendMs: 2 } },
    where: 'machines that sleep, and pauses',
    breaks: 'I1',
  },
};

function found(machine: Machine, { rules, left }: Scenario) {
  let seen = 0;
  return explore(machine, { rules, left }, MOST, (world) => {
    if (seen++ % EVERY > 0) return;
    for (const dead of [undefined, 0]) mustGoOn(machine, rules, world, dead);
  });
}

describe('the explorer finds it when', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hawker-mutants-'));
  after(() => rm(folder, { recursive: true }));

  Object.entries(MUTANTS).forEach(([name, { where, breaks, ...change }], index) => {
    test(name, async () => {
      const machine = await mutated(join(folder, `${index}`), change);
      const { violation, states } = found(machine, SCENARIOS[where]);
      assert.equal(violation?.invariant, breaks, `${violation?.message ?? 'nothing found'} in ${states} worlds`);
    });
  });

  for (const [name, { where, breaks, rules, machine }] of Object.entries(SURROUNDINGS))
    test(name, () => {
      const { left, rules: sound } = SCENARIOS[where];
      const { violation, states } = found(machine ?? MACHINE, { left, rules: { ...sound, ...rules } });
      assert.equal(violation?.invariant, breaks, `${violation?.message ?? 'nothing found'} in ${states} worlds`);
    });
});
