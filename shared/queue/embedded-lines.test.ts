/** What an embedded consumer tells of its deliveries. What becomes of the events is told in queue.contract.ts. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { systemClock } from '../clock.ts';
import { AppError } from '../errors.ts';
import { systemIds } from '../ids.ts';
import { openDatabase } from '../sqlite/database.ts';
import { beginInvocation } from '../telemetry/invocation.ts';
import { collect, startMetrics, stopMetrics } from '../telemetry/metrics.ts';
import { currentScope } from '../telemetry/scope.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import { eventually, newEvent } from './contract-tools.ts';
import { openEmbeddedQueue } from './embedded.ts';
import type { EventHandler } from './queue.ts';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPEC = { name: 'clicks', topic: 'link.hit', concurrency: 1, ackDeadlineMs: 5_000, maxAttempts: 3 };

/** The lines of the deliveries of one event, which are as many as `handle` makes of it. */
async function linesOf(
  t: TestContext,
  handle: EventHandler,
  expected: number,
  spec = SPEC,
  { clock = systemClock, within = (publish: () => Promise<void>) => publish() } = {},
) {
  const folder = mkdtempSync(join(tmpdir(), 'hawker-lines-'));
  const log = createKeptLog();
  const database = openDatabase(join(folder, 'hawker.db'));
  const timing = { backoffBaseMs: 5, backoffMaxMs: 10, pollMs: 20 };
  const queue = openEmbeddedQueue({ database, subscriptions: [spec], log, timing, clock, ids: systemIds });
  t.after(async () => {
    await queue.close(1_000);
    database.close();
    rmSync(folder, { recursive: true });
  });
  queue.consume(spec, handle);
  const event = newEvent('hit', { data: { visitor: 'nobody-knows' } });
  const attributes = { traceparent: `00-${TRACE}-00f067aa0ba902b7-00` };
  await within(() => queue.publish(spec.topic, { ...event, attributes }));
  await eventually(async () => (log.lines.length >= expected ? true : undefined));
  assert.doesNotMatch(JSON.stringify(log.lines), /nobody-knows/, 'what an event holds is no business of the log');
  return { event, lines: log.lines };
}

describe('a delivery from the embedded queue', () => {
  it('is one line in the trace of its event, and its handler runs within it', async (t) => {
    let seen: string | undefined;
    const { event, lines } = await linesOf(
      t,
      async () => {
        seen = currentScope()?.trace?.traceId;
      },
      1,
    );
    assert.equal(seen, TRACE);
    const [line = {}] = lines;
    assert.deepEqual(
      [line['message'], line['outcome'], line['attempt'], line['requestId'], line['logging.googleapis.com/trace']],
      ['event clicks', 'done', 1, event.id, TRACE],
    );
  });

  it('has one line for each attempt, the last of which says that the event is dead; and that is counted', async (t) => {
    startMetrics(0);
    t.after(stopMetrics);
    const { lines } = await linesOf(t, () => Promise.reject(new AppError('unavailable', 'not today')), 3);
    assert.deepEqual(
      lines.map(({ severity, outcome, attempt }) => [severity, outcome, attempt]),
      [
        ['WARNING', 'again', 1],
        ['WARNING', 'again', 2],
        ['ERROR', 'dead', 3],
      ],
    );
    const [dead] = collect().filter(({ name }) => name === 'hawker.queue.dead_letters');
    assert.deepEqual(
      dead?.series.map(({ labels, value }) => [labels, value]),
      [[['clicks'], 1]],
    );
  });

  it('begins outside of the invocation that published the event, and so does all that the consumer does around it', async (t) => {
    const publisher = beginInvocation({ kind: 'request', name: 'POST', log: createKeptLog() });
    const scopes: unknown[] = [];
    let published = false;
    const now = () => {
      if (published) scopes.push(currentScope());
      return systemClock.now();
    };
    await linesOf(t, async () => undefined, 1, SPEC, {
      clock: { ...systemClock, now },
      async within(publish) {
        await publisher.run(publish);
        published = true;
      },
    });
    assert.deepEqual(new Set(scopes), new Set([undefined]));
  });

  it('has its line when its time is over, though the handler goes on', async (t) => {
    const spec = { ...SPEC, ackDeadlineMs: 20, maxAttempts: 1 };
    const held = Promise.withResolvers<void>();
    const { lines } = await linesOf(t, () => held.promise, 1, spec);
    assert.match(String(lines[0]?.['error']), /did not end within 20 ms/);
    held.reject(new Error('late'));
    await new Promise(setImmediate);
    assert.equal(lines.length, 1);
  });
});

it('a queue whose file is gone refuses publications, holds up no end, and leaves telling to whoever opened the file', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'hawker-gone-'));
  const log = createKeptLog();
  const told: string[] = [];
  const database = openDatabase(join(folder, 'hawker.db'), { onGone: (path) => told.push(path) });
  t.after(() => database.close());
  const timing = { backoffBaseMs: 5, backoffMaxMs: 10, pollMs: 20 };
  const common = { database, log, timing, clock: systemClock, ids: systemIds };
  const queue = openEmbeddedQueue({ ...common, subscriptions: [SPEC] });
  const handling = Promise.withResolvers<void>();
  const handled = Promise.withResolvers<void>();
  queue.consume(SPEC, async () => {
    handling.resolve();
    await handled.promise;
  });
  await queue.publish(SPEC.topic, newEvent('hit'));
  await handling.promise;
  rmSync(folder, { recursive: true });
  await assert.rejects(queue.check());
  handled.resolve();
  const refused = { code: 'unavailable', message: /^the data folder was removed or replaced/ };
  await assert.rejects(queue.publish(SPEC.topic, newEvent('hit')), refused);
  const unsaved = queue.publish(SPEC.topic, newEvent('hit'));
  const closed = queue.close(600_000);
  await assert.rejects(unsaved, refused);
  assert.equal(await closed, 1);
  assert.deepEqual(
    log.lines.filter(({ severity }) => severity === 'ERROR'),
    [],
  );
  assert.deepEqual(told, [join(folder, 'hawker.db')]);
});
