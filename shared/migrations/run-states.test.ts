/** Any order of requests, deadlines and deliveries: an end stays the end, one worker at a time is at work, and nothing that was asked for is lost. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import type { RunRecord } from './run.ts';
import { publishRun } from './run-events.ts';
import { hasEnded } from './run-records.ts';
import { createRig, inTime, someFiles } from './runner-rig.ts';

guardAgainstLeaks();

const PAGES = 12;

type Request = 'pause' | 'resume' | 'cancel';
type Move =
  | { does: 'request'; request: Request }
  /** Of the messages that are under way, this one; it may come again, and to two at once. */
  | { does: 'deliver'; index: number; again: boolean; twice: boolean; budgetMs: number };

const request = fc.constantFrom<Request>('pause', 'pause', 'resume', 'resume', 'cancel');
const scripts = fc.record({
  moves: fc.array(
    fc.oneof(
      fc.record({ does: fc.constant('request' as const), request }),
      fc.record({
        ...{ does: fc.constant('deliver' as const), index: fc.nat(5), again: fc.boolean(), twice: fc.boolean() },
        budgetMs: fc.constantFrom(17_000, 20_000, 300_000),
      }),
    ),
    { maxLength: 14 },
  ),
  /** What is asked for while the k-th page is under way, whichever step and worker it is of. */
  within: fc.array(fc.option(request, { nil: undefined, freq: 4 }), { maxLength: 40 }),
  calm: fc.boolean(),
});

async function play({ moves, within, calm }: { moves: Move[]; within: (Request | undefined)[]; calm: boolean }) {
  const rig = createRig(someFiles(3));
  const { database, messages, runs, clock } = rig;
  database.pages['up 2'] = PAGES;
  const id = await rig.begin({ command: 'up' }, { lockTimeoutMs: 3_600_000 });
  messages.push({ run: id, seq: 0 });
  const asked = [...within];
  let end: RunRecord | undefined;
  let isCancelled = false;
  let inside = 0;

  async function ask(wanted: Request): Promise<void> {
    // Without it most plays end early.
    if (wanted === 'cancel' && calm) return;
    const record = await runs[wanted](id);
    if (wanted === 'cancel') isCancelled = true;
    const queue = {
      publish: async (_: string, { data }: { data: unknown }) => void messages.push(data as (typeof messages)[0]),
    };
    if (wanted === 'resume' && record?.state === 'queued') await publishRun(queue, { id, ...record }, clock);
  }
  async function check(): Promise<void> {
    const record = await runs.get(id);
    assert.ok(record);
    if (end) assert.deepEqual(record, end, 'an end stays the end');
    if (hasEnded(record)) end = record;
    if (record.state === 'paused' || hasEnded(record)) assert.equal(record.pauseRequested, undefined);
  }
  database.inPage = async () => {
    assert.equal(++inside, 1, 'one worker at a time');
    await clock.sleep(1_000);
    const wanted = asked.shift();
    if (wanted) await ask(wanted);
    inside--;
  };
  async function deliver(seq: number, budgetMs: number): Promise<boolean> {
    const signal = new AbortController().signal;
    const { runner } = rig.process();
    const work = runner.run(id, { signal, seq, budgetMs, isLast: false }).then(
      () => true,
      () => false,
    );
    return inTime(clock, work);
  }

  const left: Move[] = [...moves];
  for (let turn = 0; ; turn++) {
    assert.ok(turn < 200, 'it comes to an end');
    const move = left.shift();
    if (!move && messages.length === 0) {
      if ((await runs.get(id))?.state !== 'paused') break;
      await ask('resume');
      continue;
    }
    if (move?.does === 'request') await ask(move.request);
    else if (messages.length > 0) {
      const { index = 0, again = false, twice = false, budgetMs = 300_000 } = move ?? {};
      const [message] = messages.splice(index % messages.length, 1);
      assert.ok(message);
      const acked = await Promise.all((twice ? [1, 2] : [1]).map(() => deliver(message.seq, budgetMs)));
      if (again || acked.includes(false)) messages.push(message);
    }
    await check();
  }

  const run = await runs.get(id);
  assert.ok(run && hasEnded(run), `ended, not ${run?.state}`);
  assert.ok(run.state === 'done' || (run.state === 'cancelled' && isCancelled), run.state);
  const seen = database.effects.map(({ key, statement }) => `${key}.${statement}`);
  assert.equal(new Set(seen).size, seen.length, 'each page and statement at most once');
  if (run.state === 'done') assert.equal(seen.length, 2 + PAGES + 2);
  else {
    const next = await rig.process().run(await rig.begin({ command: 'up' }));
    assert.equal(next.state, 'done');
    assert.equal(database.effects.length, 2 + PAGES + 2, 'the next one goes on with it');
  }
}

describe('runs that are paused, resumed and cancelled', () => {
  it('come to one end by one worker at a time, and lose nothing', async () => {
    await fc.assert(fc.asyncProperty(scripts, play), { numRuns: 50 });
  });
});
