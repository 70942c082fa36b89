import assert from 'node:assert/strict';
import { it } from 'node:test';
import { patienceMs } from '../expiry.ts';
import { explain, whyOf } from './explain.ts';
import type { LeaseRecord } from './record.ts';
import { initialState, type LeaseState } from './state.ts';
import { step } from './step.ts';
import { timingFor } from './timing.ts';

const timing = timingFor(15_000, true);
const since = '2026-01-02T03:04:05.678Z';
const theirs: LeaseRecord = { holder: 'pod-7_x', nonce: 'n', durationMs: 15_000, renewals: 4, term: 3, since };
const at = (mono: number) => ({ mono, wall: Date.parse('2026-01-02T03:04:05.678Z') + mono });
const now = (mono: number) => ({ ...at(mono), nonce: 'n1', jitter: 0.5 });

/** A contender that has looked, when `mono` was 0, and found this. */
function looked(record?: Partial<LeaseRecord>): LeaseState {
  const wanting = step(initialState('pod-1_x', timing, 'nightly'), { type: 'want', how: 'patiently', now: now(0) });
  const sighting = record && { version: 'v1', record: { ...theirs, ...record } };
  const outcome = { type: 'saw' as const, ...(sighting && { sighting }) };
  return step(wanting.state, { type: 'answer', call: 1, outcome, now: now(0) }).state;
}

/** A contender that leads since `mono` was 0. */
function leading(): LeaseState {
  return step(looked(), { type: 'answer', call: 2, outcome: { type: 'wrote', version: 'v2' }, now: now(0) }).state;
}

const mine = 'the lease "cron" since 2026-01-02T03:04:05.678Z (term 1, nightly)';
const failed = (state: LeaseState): LeaseState => ({ ...state, failures: 2, failure: 'no answer within 3 s' });

for (const [what, state, mono, said] of [
  ['that it has not asked', initialState('pod-1_x', timing), 0, 'Not leading: has not asked for the lease "cron".'],
  [
    'that nobody ever held it',
    { ...looked(), want: undefined },
    0,
    'Not leading the lease "cron": nobody had ever held it at the last look.',
  ],
  [
    'for how long its term stands',
    leading(),
    2_000,
    `Leading ${mine}: it stands for 12.3 s more, and is renewed in 3.0 s.`,
  ],
  [
    'what stands in the way of its renewals',
    failed(leading()),
    2_000,
    `Leading ${mine}: it stands for 12.3 s more, and is renewed in 3.0 s; the last request failed: no answer within 3 s.`,
  ],
  [
    'when its term ran out',
    leading(),
    20_000,
    `Not leading ${mine}: the term ran out 5.8 s ago, before a renewal went through; it can be resumed while nobody else has led.`,
  ],
  ['that it gives the lease back', { ...leading(), leaving: {} }, 0, 'Giving the lease "cron" back.'],
  [
    'who leads, what for, and how long to wait',
    looked({ note: 'backup' }),
    4_000,
    `Not leading the lease "cron": pod-7_x leads since ${since} (term 3, backup), and nothing has changed for 4.0 s; without another renewal it is free in 11.6 s, which is 15.0 s and what clocks may differ by.`,
  ],
  [
    'that the leader has not renewed for too long',
    looked({}),
    16_000,
    `Not leading the lease "cron": pod-7_x leads since ${since} (term 3), yet has not renewed for 16.0 s; each renewal lasts for 15.0 s, so it is free to take.`,
  ],
  [
    'that it was released',
    looked({ holder: '' }),
    0,
    'Not leading the lease "cron": it is free, since its last holder released it after term 3.',
  ],
  [
    'that it was taken away, by whom and why',
    looked({ holder: '', broken: { reason: 'stuck', by: 'ops', at: since } }),
    0,
    `Not leading the lease "cron": it is free, since ops took it away at ${since}: stuck.`,
  ],
  [
    'for whom it is kept, and for how long',
    looked({ holder: '', successor: 'pod-9_x' }),
    1_000,
    'Not leading the lease "cron": it was handed over to pod-9_x, and is free for all in 14.6 s if it is not taken.',
  ],
  [
    'that it left it behind itself',
    looked({ holder: 'pod-1_x' }),
    0,
    'Not leading the lease "cron": its last term was its own, so it may begin another at once.',
  ],
] as const)
  it(`explains ${what}`, () => assert.equal(explain('cron', state, at(mono)), said));

it('explains that a suspension has put the term in doubt', () => {
  const wakened = { mono: 2_000, wall: at(2_000).wall + 1_001 };
  assert.equal(
    explain('cron', leading(), wakened),
    `Leading ${mine}, yet not counting on it: this machine seems to have been suspended, so a renewal must go through first.`,
  );
});

for (const [what, record, ageMs, said] of [
  [
    'a leader of whose age nothing is told',
    {},
    undefined,
    `pod-7_x leads since ${since} (term 3), renewed 4 times; each renewal lasts for 15.0 s; whether it is still there shows to whoever waits.`,
  ],
  [
    'a leader that renews',
    { renewals: 1 },
    2_000,
    `pod-7_x leads since ${since} (term 3), renewed once; each renewal lasts for 15.0 s, the last was 2.0 s ago: without another, others may take it in 13.6 s.`,
  ],
  [
    'a leader that has stopped',
    {},
    patienceMs(15_000),
    `pod-7_x leads since ${since} (term 3), renewed 4 times; each renewal lasts for 15.0 s, but the last was 15.6 s ago: whoever wants it may take it.`,
  ],
  [
    'a hand-over',
    { holder: '', successor: 'pod-9_x' },
    0,
    'Free: since its last holder released it after term 3, and kept for pod-9_x for 15.6 s.',
  ],
] as const)
  it(`tells an onlooker of ${what}`, () => {
    const sighting = { version: 'v', record: { ...theirs, ...record }, ...(ageMs !== undefined && { ageMs }) };
    assert.equal(whyOf(sighting), said);
  });
