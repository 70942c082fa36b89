/** Any order of readers who come and go, answers, failures and pauses: what the feed promises holds in each. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { isAppError } from '../errors.ts';
import { feedTroubleOf } from './feed-refusal.ts';
import { mostInAMinute, type ScriptedCall, setupFeed } from './feed-rig.ts';
import { type LtaTrouble, type Reading, STALE_MS, TTL_MS } from './lta.ts';

const STOPS = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
const FLIGHT_MS = 10_000;

type Step =
  | { do: 'read'; stop: string; times: number }
  | { do: 'leave'; which: number }
  | { do: 'answer'; which: number }
  | { do: 'fail'; which: number; trouble: LtaTrouble; retryAfterMs: number }
  | { do: 'fail all'; trouble: LtaTrouble }
  | { do: 'wait'; ms: number };

const which = fc.nat(40);
const trouble = fc.constantFrom<LtaTrouble>(
  'timeout',
  'timeout',
  'bad_body',
  'key_refused',
  'rate_limited',
  'unreachable',
);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('read' as const),
      stop: fc.constantFrom(...STOPS),
      times: fc.integer({ min: 1, max: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('leave' as const), which }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('answer' as const), which }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('fail' as const),
      which,
      trouble,
      retryAfterMs: fc.constantFrom(0, 3_000, 30_000),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('fail all' as const), trouble }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('wait' as const),
      ms: fc.oneof(fc.nat(500), fc.nat(12_000), fc.nat(70_000)),
    }),
  },
);

/** Everybody who reads, and what is checked of what they get. */
function createWorld(callsPerMinute: number, random: number) {
  const { feed, clock, calls } = setupFeed({ callsPerMinute, random });
  const waiting = new Set<AbortController>();
  const probes = new Set<ScriptedCall>();
  const seen = { live: 0, cache: 0, stale: 0, refused: 0, left: 0, probes: 0 };

  const underWay = (call: ScriptedCall) => call.open && clock.mono() < call.at + FLIGHT_MS;
  const flying = () => calls.filter(underWay);

  function check(stop: string, { snapshot, source, upstream }: Reading): void {
    const age = clock.mono() - snapshot.fetchedMono;
    assert.equal(snapshot.stop, stop);
    assert.equal(upstream.status, source === 'stale' ? 'failing' : 'ok');
    if (source === 'live') assert.equal(age, 0);
    if (source === 'cache') assert.ok(age < TTL_MS, `${age} is not as good as new`);
    if (source === 'stale') assert.ok(age >= TTL_MS && age <= STALE_MS, `${age} is not stale`);
    seen[source]++;
  }

  function read(stop: string): Promise<void> {
    const leaver = new AbortController();
    const { breaker } = feed.state();
    const [before, dueInMs] = [calls.length, feed.dueInMs(stop)];
    const joins = flying().some((call) => call.stop === stop);
    waiting.add(leaver);
    const ended = feed.read(stop, leaver.signal).then(
      (reading) => check(stop, reading),
      (error: unknown) => {
        if (leaver.signal.aborted) {
          assert.equal(error, leaver.signal.reason);
          seen.left++;
          return;
        }
        assert.ok(isAppError(error, 'unavailable') && feedTroubleOf(error), String(error));
        assert.ok(Number(error.headers['Retry-After']) >= 1);
        seen.refused++;
      },
    );
    const [call] = calls.slice(before);
    assert.equal(dueInMs === 0, joins || call !== undefined, 'dueInMs tells whether LTA is asked');
    if (call) {
      assert.ok(!joins, 'one call for a stop at a time');
      assert.notEqual(breaker, 'open');
      if (breaker === 'half-open') {
        for (const other of probes) assert.ok(!underWay(other), 'one probe at a time');
        probes.add(call);
        seen.probes++;
      }
    }
    return ended.finally(() => waiting.delete(leaver));
  }

  function checkCalls(): void {
    assert.ok(mostInAMinute(calls.map(({ at }) => at)) <= callsPerMinute, 'the budget of any minute');
    for (const stop of STOPS) {
      const times = calls.filter((call) => call.stop === stop).map(({ at }) => at);
      times.reduce((last, at) => {
        assert.ok(at - last >= TTL_MS, `${at - last} ms between two calls for one stop`);
        return at;
      }, Number.NEGATIVE_INFINITY);
    }
  }

  return { feed, clock, calls, waiting, flying, read, checkCalls, seen };
}

it('keeps its promises in every order of readers, answers, failures and pauses', async () => {
  const total = { live: 0, cache: 0, stale: 0, refused: 0, left: 0, probes: 0 };
  const steps = fc.array(step, { minLength: 10, maxLength: 120, size: 'max' });
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 30 }),
      fc.double({ min: 0, max: 0.99, noNaN: true }),
      steps,
      async (limit, random, all) => {
        const { feed, clock, waiting, flying, read, checkCalls, seen } = createWorld(limit, random);
        const reads: Promise<void>[] = [];
        for (const now of all) {
          const [calls, readers] = [flying(), [...waiting]];
          if (now.do === 'read') for (let i = 0; i < now.times; i++) reads.push(read(now.stop));
          if (now.do === 'leave') readers[now.which % readers.length]?.abort(new Error('left'));
          if (now.do === 'answer') calls[now.which % calls.length]?.answer();
          if (now.do === 'fail')
            calls[now.which % calls.length]?.fail(
              now.trouble,
              now.retryAfterMs ? { retryAfterMs: now.retryAfterMs } : {},
            );
          if (now.do === 'fail all') for (const call of calls) call.fail(now.trouble);
          await clock.advance(now.do === 'wait' ? now.ms : 0);
        }

        await clock.advance(FLIGHT_MS);
        assert.equal(waiting.size, 0, 'nobody waits longer than a call may take');
        await Promise.all(reads);
        assert.equal(clock.sleepers, 0);
        const due = feed.dueInMs('a');
        await clock.advance(due);
        const last = read('a');
        assert.equal(flying().length, 1, 'what dueInMs said is so');
        flying()[0]?.answer();
        await last;
        assert.equal(feed.state().breaker, 'closed');
        checkCalls();
        for (const [name, count] of Object.entries(seen)) total[name as keyof typeof total] += count;
      },
    ),
    { numRuns: 300 },
  );
  for (const [name, count] of Object.entries(total)) assert.ok(count > 0, `no ${name} was seen`);
});
