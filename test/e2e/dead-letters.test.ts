/** The command for dead letters as people call it: on the embedded file, beside a server on that file, and on Pub/Sub. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { MANIFEST } from '#functions/manifest.ts';
import { systemClock } from '#shared/clock.ts';
import { subscriptionsOf } from '#shared/define.ts';
import { AppError } from '#shared/errors.ts';
import type { NewEvent } from '#shared/events/event.ts';
import { toPubsubMessage } from '#shared/events/pubsub-message.ts';
import { systemIds } from '#shared/ids.ts';
import { openEmbeddedQueue } from '#shared/queue/embedded.ts';
import { createPubsubClient } from '#shared/queue/pubsub-client.ts';
import { openDatabase } from '#shared/sqlite/database.ts';
import { createKeptLog } from '#shared/testing/kept-log.ts';
import { guardAgainstLeaks } from '#shared/testing/leak-guard.ts';
import { startHawker, until } from '../support/hawker.ts';

guardAgainstLeaks();

const ROOT = join(import.meta.dirname, '../..');
const emulator = process.env['PUBSUB_EMULATOR_HOST'];
const MISSING = 'needs the Pub/Sub emulator; npm test starts it from the Google Cloud SDK (PUBSUB_EMULATOR_HOST)';
if (!emulator && process.env['CI'] === 'true') throw new Error(MISSING);

interface Ended {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs `npm run queue -- dlq ...`, without npm. Nothing of this machine's settings reaches it. */
function dlq(env: Record<string, string>, ...args: string[]): Promise<Ended> {
  const options = { cwd: ROOT, env: { PATH: process.env['PATH'], ...env }, timeout: 30_000 };
  return new Promise((resolve) => {
    execFile(process.execPath, [join(ROOT, 'scripts/queue.ts'), 'dlq', ...args], options, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr }),
    );
  });
}

const answer = async <T>(env: Record<string, string>, ...args: string[]): Promise<T> => {
  const { code, stdout, stderr } = await dlq(env, ...args, '--json');
  assert.deepEqual([code, stderr], [0, ''], args.join(' '));
  assert.match(stdout, /^[^\n]+\n$/);
  return JSON.parse(stdout) as T;
};

interface Listed {
  items: { id: string; type: string; attempts: number; at: string; reason: string }[];
}

const hit = (id: string, given: Partial<NewEvent> = {}): NewEvent => ({
  id,
  source: '/redirects',
  type: 'link.hit',
  time: new Date().toISOString(),
  data: { linkId: 'l', secret: 'of the visitor' },
  ...given,
});

/** A folder in whose file these are dead letters of `clicks`. */
async function withDeadLetters(
  t: TestContext,
  events: readonly NewEvent[],
  reason = 'the store is away',
): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'hawker-dlq-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const database = openDatabase(join(folder, 'hawker.db'));
  const subscriptions = subscriptionsOf(MANIFEST);
  const clicks = subscriptions.find(({ name }) => name === 'clicks');
  assert.ok(clicks);
  const queue = openEmbeddedQueue({
    database,
    subscriptions,
    clock: systemClock,
    ids: systemIds,
    log: createKeptLog(),
    timing: { backoffBaseMs: 1, backoffMaxMs: 1, pollMs: 5 },
  });
  queue.consume(clicks, async () => {
    throw new AppError('unavailable', reason);
  });
  for (const event of events) {
    const before = (await queue.deadLetters('clicks', { newest: 1_000 })).length;
    await queue.publish(clicks.topic, event);
    await until(
      () => queue.deadLetters('clicks', { newest: 1_000 }),
      (letters) => letters.length > before,
    );
  }
  await queue.close(1_000);
  database.close();
  return folder;
}

describe('npm run queue -- dlq', () => {
  it('lists the newest first, shows events, and forgets those it is told to', async (t) => {
    const data = {
      HAWKER_DATA: await withDeadLetters(
        t,
        ['one', 'two', 'three'].map((id) => hit(id)),
      ),
    };
    const { items } = await answer<Listed>(data, 'ls', 'clicks');
    assert.deepEqual(
      items.map(({ type, attempts, reason }) => [type, attempts, reason]),
      Array.from({ length: 3 }, () => ['link.hit', 10, 'the store is away']),
    );
    const table = await dlq(data, 'ls', 'clicks');
    const lines = table.stdout.trimEnd().split('\n');
    assert.match(lines[0] ?? '', /^ID +TYPE +ATTEMPTS +WHEN +REASON$/);
    assert.equal(lines.length, 4);
    for (const [index, { id, at }] of items.entries())
      assert.match(lines[index + 1] ?? '', new RegExp(`^${id} +link\\.hit +10 +${at} +the store is away$`));
    assert.doesNotMatch(table.stdout, /of the visitor/, 'a list shows no data');
    const limited = await dlq(data, 'ls', 'clicks', '--limit', '1');
    assert.equal(limited.stdout.trimEnd().split('\n').length, 2);
    assert.match(limited.stderr, /^queue: these are 1; there may be more[^\n]*\n$/);

    const [newest, , oldest] = items;
    const shown = await answer<{ items: { event: NewEvent }[] }>(data, 'show', 'clicks', oldest?.id ?? '');
    assert.deepEqual([shown.items[0]?.event.id, shown.items.length], ['one', 1]);
    assert.match((await dlq(data, 'show', 'clicks', newest?.id ?? '')).stdout, /"id": "three"[\s\S]*of the visitor/);

    assert.equal((await dlq(data, 'purge', 'clicks', '--all')).code, 2);
    assert.deepEqual(await answer(data, 'purge', 'clicks', newest?.id ?? '', '--yes'), { purged: [newest?.id] });
    const missing = await dlq(data, 'redrive', 'clicks', newest?.id ?? '', oldest?.id ?? '');
    assert.deepEqual(missing, {
      code: 1,
      stdout: '1 dead letter of clicks redriven\n',
      stderr: `queue: clicks has no dead letter ${newest?.id}\n`,
    });
    assert.equal((await dlq(data, 'purge', 'clicks', '--all', '--yes')).stdout, '1 dead letter of clicks purged\n');
    assert.deepEqual(await dlq(data, 'ls', 'clicks'), {
      code: 0,
      stdout: '',
      stderr: 'queue: clicks has no dead letters\n',
    });
    assert.deepEqual(await answer(data, 'ls', 'clicks'), { items: [] });
  });

  it('shows nothing to a terminal that somebody may have put into an event for it', async (t) => {
    const nasty = '\u001b[31m\u009b\r\nred\u202e';
    const event = hit('nasty', { type: `t${nasty}`, data: { [nasty]: nasty }, attributes: { a: nasty } });
    const data = { HAWKER_DATA: await withDeadLetters(t, [event], `because ${nasty}`) };
    for (const args of [
      ['ls', 'clicks'],
      ['show', 'clicks', '--all'],
    ]) {
      const { code, stdout } = await dlq(data, ...args);
      assert.equal(code, 0);
      assert.match(stdout, /red/);
      assert.doesNotMatch(stdout, /[^\P{Cc}\n]|\u202e/u);
    }
  });

  it('redrives beside a server that runs on the same file, which then does what it could not', {
    timeout: 60_000,
  }, async (t) => {
    const folder = await withDeadLetters(t, []);
    const stats = '/links/v1/domains/go.example.com/links/sale/stats';
    await using hawker = await startHawker({ data: folder });
    await hawker.ask('/links/v1/domains/go.example.com', { method: 'PUT', body: {} });
    const created = await hawker.ask('/links/v1/domains/go.example.com/links', {
      method: 'POST',
      body: { slug: 'sale', target: 'https://shop.example/sale' },
    });
    const { id: linkId } = created.json<{ id: string }>();
    // A hit that died in an earlier life: what its consumer left in the file.
    const database = openDatabase(join(folder, 'hawker.db'));
    const data = {
      linkId,
      host: 'go.example.com',
      slug: 'sale',
      match: 'exact',
      target: 'https://shop.example/sale',
      status: 302,
      label: 'human',
      reason: 'none',
      visitor: 'v1',
    };
    for (const id of ['dead-1', 'dead-1', 'dead-2'])
      database.run(
        "INSERT INTO queue_dead_letters (subscription, published, event, key, attempts, reason, at) VALUES ('clicks', 0, ?, NULL, 10, 'away', 0)",
        JSON.stringify(hit(id, { data })),
      );
    database.close();

    const { items } = await answer<Listed>({ HAWKER_DATA: folder }, 'ls', 'clicks');
    assert.equal(items.length, 3);
    const { redriven } = await answer<{ redriven: string[] }>({ HAWKER_DATA: folder }, 'redrive', 'clicks', '--all');
    assert.deepEqual(redriven.toSorted(), items.map(({ id }) => id).toSorted());
    const count = async () => (await hawker.ask(stats)).json<{ total: { all: number } }>().total.all;
    assert.equal(await until(count, (all) => all >= 2), 2, 'the same event twice counts once');
    assert.deepEqual(await answer({ HAWKER_DATA: folder }, 'ls', 'clicks'), { items: [] });
  });

  it('says in one line what is in the way, and makes no data where there is none', async () => {
    const folder = join(tmpdir(), `hawker-never-made-${randomBytes(6).toString('hex')}`);
    const cases: [Record<string, string>, string[], number, RegExp][] = [
      [{ HAWKER_DATA: folder }, ['ls', 'clicks'], 1, /^queue: there is no data in \S+ \(HAWKER_DATA\)\n$/],
      [{ HAWKER_QUEUE: 'rabbit' }, ['ls', 'clicks'], 1, /^queue: bad settings: HAWKER_QUEUE must be [^\n]*\n$/],
      [{}, ['ls', 'nobody'], 2, /^queue: there is no subscription nobody; there are [^\n]*clicks[^\n]*\n$/],
      [
        { HAWKER_QUEUE: 'pubsub', GOOGLE_CLOUD_PROJECT: 'nowhere-1', PUBSUB_EMULATOR_HOST: '127.0.0.1:9' },
        ['ls', 'clicks'],
        1,
        /^queue: Pub\/Sub [^\n]*\n$/,
      ],
    ];
    await Promise.all(
      cases.map(async ([env, args, code, reason]) => {
        const ended = await dlq(env, ...args);
        assert.deepEqual([ended.code, ended.stdout], [code, ''], ended.stderr);
        assert.match(ended.stderr, reason);
      }),
    );
  });

  it('does the same on Pub/Sub', { skip: emulator ? false : MISSING, timeout: 90_000 }, async (t) => {
    const project = `dlq-${randomBytes(5).toString('hex')}`;
    const env = { HAWKER_QUEUE: 'pubsub', GOOGLE_CLOUD_PROJECT: project, PUBSUB_EMULATOR_HOST: emulator ?? '' };
    assert.deepEqual(await answer(env, 'ls', 'clicks'), { items: [] });
    const { pubsub } = createPubsubClient({ GOOGLE_CLOUD_PROJECT: project, PUBSUB_EMULATOR_HOST: emulator });
    t.after(() => pubsub.close());
    for (const id of ['one', 'two', 'three']) {
      const { data, attributes } = toPubsubMessage(hit(id));
      const marks = { CloudPubSubDeadLetterSourceDeliveryCount: '10', CloudPubSubDeadLetterSourceReason: 'away' };
      await pubsub.topic('clicks-dead').publishMessage({ data, attributes: { ...attributes, ...marks } });
    }
    const { items } = await answer<Listed>(env, 'ls', 'clicks');
    assert.deepEqual(
      items.map(({ type, attempts, reason }) => [type, attempts, reason]),
      Array.from({ length: 3 }, () => ['link.hit', 10, 'away']),
    );
    const shown = await answer<{ items: { id: string; event: NewEvent }[] }>(env, 'show', 'clicks', '--all');
    const idOf = (event: string) => shown.items.find((item) => item.event.id === event)?.id ?? '';
    assert.deepEqual(await answer(env, 'redrive', 'clicks', idOf('two')), { redriven: [idOf('two')] });
    assert.deepEqual(await answer(env, 'purge', 'clicks', idOf('one'), '--yes'), { purged: [idOf('one')] });
    const left = await answer<Listed>(env, 'ls', 'clicks');
    assert.deepEqual(
      left.items.map(({ id }) => id),
      [idOf('three')],
    );
    const subscription = pubsub.subscription('clicks');
    const [attributes] = await new Promise<Record<string, string>[]>((resolve, reject) => {
      subscription.on('error', reject).on('message', (message: { attributes: Record<string, string>; ack(): void }) => {
        message.ack();
        resolve([message.attributes]);
      });
    });
    await subscription.close();
    assert.deepEqual(attributes, toPubsubMessage(hit('two', { time: attributes?.['ce-time'] ?? '' })).attributes);
  });
});
