import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError, type ErrorCode, isAppError } from '../errors.ts';
import { systemIds } from '../ids.ts';
import { withShorthands } from '../store/index.ts';
import { createMemoryDriver } from '../store/memory.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import { createIdempotency } from './idempotency.ts';

/** Processes on one store, which takes no writes while `full`, and with `lost` makes them and says that it did not. */
function setUp() {
  const driver = createMemoryDriver();
  const disk = { full: false, lost: false };
  const store = withShorthands({
    ...driver,
    async commit(writes) {
      if (disk.full) throw new AppError('storage_full', 'The disk is full');
      const versions = await driver.commit(writes);
      if (disk.lost) throw new AppError('outcome_unknown', 'The answer was lost');
      return versions;
    },
  });
  const clock = createFakeClock();
  const aProcess = () => {
    const idempotency = createIdempotency({ store, clock, ids: systemIds, log: createKeptLog() });
    return (work: () => Promise<Response>, body = 'body') =>
      idempotency(
        {
          key: 'k',
          caller: 'c',
          request: new Request('http://x.example/v1', { method: 'POST' }),
          bytes: Buffer.from(body),
          omit: [],
        },
        work,
      );
  };
  let runs = 0;
  const made = () => Promise.resolve(Response.json({ run: ++runs }, { status: 201 }));
  return { clock, disk, aProcess, made, runs: () => runs };
}

const refuses = (code: ErrorCode) => (error: unknown) => isAppError(error, code);

const inProgress = (seconds: string, words: RegExp) => (error: unknown) => {
  assert.ok(isAppError(error, 'request_in_progress'));
  assert.equal(error.headers['Retry-After'], seconds);
  assert.match(error.message, words);
  return true;
};

describe('an idempotency key whose end could not be written', () => {
  it('is taken over at once where its request failed, and then by one request', async () => {
    const { disk, aProcess, made, runs } = setUp();
    const send = aProcess();
    const fill = () => {
      disk.full = true;
      return Promise.reject(new AppError('storage_full', 'The disk is full'));
    };
    await assert.rejects(send(fill), refuses('storage_full'));
    await assert.rejects(send(made), refuses('storage_full'));
    disk.full = false;
    await assert.rejects(send(made, 'other'), refuses('idempotency_key_reused'));
    const settled = await Promise.allSettled([send(made), send(made)]);
    assert.equal(settled.filter(({ status }) => status === 'fulfilled').length, 1);
    assert.equal((await send(made)).headers.get('Idempotency-Replayed'), 'true');
    assert.equal(runs(), 1);
  });

  it('gives the answer it had, and records it as soon as that can be done', async () => {
    const { disk, aProcess, made, runs } = setUp();
    const send = aProcess();
    const last = () => {
      disk.full = true;
      return made();
    };
    assert.equal((await send(last)).status, 201);
    await assert.rejects(send(made), refuses('storage_full'));
    disk.full = false;
    assert.deepEqual(await (await send(made)).json(), { run: 1 });
    assert.deepEqual(await (await aProcess()(made)).json(), { run: 1 });
    assert.equal(runs(), 1);
  });

  it('blocks nobody where it was claimed and the store said that it was not', async () => {
    const { disk, aProcess, made } = setUp();
    const send = aProcess();
    disk.lost = true;
    await assert.rejects(send(made), refuses('outcome_unknown'));
    disk.lost = false;
    assert.deepEqual(await (await send(made)).json(), { run: 1 });
  });
});

describe('an idempotency key whose request has not ended', () => {
  it('says that it is worked on where that is known, and to come back soon', async () => {
    const { aProcess, made } = setUp();
    const send = aProcess();
    void send(() => new Promise<never>(() => {}));
    await new Promise(setImmediate);
    await assert.rejects(send(made), inProgress('1', /is being worked on/));
  });

  it('says so too to those that come while it begins', async () => {
    const { aProcess, made } = setUp();
    const send = aProcess();
    const settled = await Promise.allSettled(Array.from({ length: 5 }, () => send(made)));
    const told = settled.flatMap((one) => (one.status === 'rejected' ? [one.reason as AppError] : []));
    assert.deepEqual(
      told.map(({ headers }) => headers['Retry-After']),
      ['1', '1', '1', '1'],
    );
  });

  it('says elsewhere what is left until it is taken over, and no more than is known', async () => {
    const { clock, aProcess, made } = setUp();
    void aProcess()(() => new Promise<never>(() => {}));
    await new Promise(setImmediate);
    const send = aProcess();
    await assert.rejects(send(made), inProgress('120', /may still be worked on, or never end/));
    await clock.advance(100_500);
    await assert.rejects(send(made), inProgress('20', /not known here/));
    await clock.advance(19_499);
    await assert.rejects(send(made), inProgress('1', /not known here/));
    await clock.advance(1);
    assert.equal((await send(made)).status, 201);
  });
});
