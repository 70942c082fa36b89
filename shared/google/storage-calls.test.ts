import assert from 'node:assert/strict';
import { buffer } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { isAppError, messageOf } from '../errors.ts';
import { systemIds } from '../ids.ts';
import type { GoogleFault } from '../testing/google/faults.ts';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import { createCallerAccount } from './identity.ts';
import { ample, skipping, startRig, told } from './rig.ts';
import { createStorageApi } from './storage-calls.ts';

guardAgainstLeaks();

const BUCKET = 'some-bucket';
const PNG = 'image/png';
const OBJECT = /\/storage\/v1\/b\//;

async function start(settings: Record<string, string> = {}) {
  const rig = await startRig(process.env, { settings });
  const { objects } = rig.server.storage;
  objects.addBucket(BUCKET, [rig.server.account, 'ann@example.com']);
  const { storage } = rig.own;
  const calls: [string, (bucket?: string) => Promise<unknown>][] = [
    ['read', (bucket = BUCKET) => storage.read(bucket, 'there', ample).then((found) => found && buffer(found.body))],
    ['write', (bucket = BUCKET) => storage.write(bucket, 'new', Buffer.from('new'), PNG, ample)],
    ['delete', (bucket = BUCKET) => storage.delete(bucket, 'there', ample)],
    ['list', (bucket = BUCKET) => storage.list(bucket, '', undefined, 10, ample)],
  ];
  objects.put(BUCKET, 'there', Buffer.from('bytes'), PNG);
  return { ...rig, storage, objects, calls };
}

const text = async (found: { body: ReadableStream<Uint8Array> } | undefined) =>
  found && (await buffer(found.body)).toString();

describe('Cloud Storage', () => {
  it('keeps objects under any name that there can be', async () => {
    await using rig = await start();
    for (const name of ['a b/c?d#e%2F+&=', '../..', './x', 'ä🦅', "it's (a) *test*!", 'x'.repeat(1_024), '.x']) {
      await rig.storage.write(BUCKET, name, Buffer.from(name), PNG, ample);
      assert.deepEqual(rig.objects.get(BUCKET, name)?.bytes, Buffer.from(name));
      assert.equal(await text(await rig.storage.read(BUCKET, name, ample)), name);
      assert.ok((await rig.storage.list(BUCKET, '', undefined, 100, ample)).includes(name));
      await rig.storage.delete(BUCKET, name, ample);
      assert.equal(rig.objects.get(BUCKET, name), undefined);
    }
    assert.deepEqual(rig.server.forbidden(), []);
  });

  it('is asked for no name that there cannot be', async () => {
    await using rig = await start();
    for (const name of ['', '.', '..', 'x'.repeat(1_025), 'a\nb', 'a\rb', '\ud800'])
      for (const call of [
        rig.storage.write(BUCKET, name, Buffer.from('x'), PNG, ample),
        rig.storage.read(BUCKET, name, ample),
        rig.storage.delete(BUCKET, name, ample),
        rig.storage.sign(BUCKET, name, 60, ample),
      ])
        await assert.rejects(call, (error) => isAppError(error, 'invalid'), JSON.stringify(name));
    assert.deepEqual(rig.server.requestsTo(OBJECT), []);
  });

  it('has nothing where there is no such object, and deletes that too', async () => {
    await using rig = await start();
    assert.equal(await rig.storage.read(BUCKET, 'none', ample), undefined);
    await rig.storage.delete(BUCKET, 'none', ample);
    assert.equal(rig.server.requestsTo(OBJECT).length, 2);
  });

  it('says which bucket is missing', async () => {
    await using rig = await start();
    for (const [what, call] of rig.calls)
      await assert.rejects(
        call('no-such-bucket'),
        (error) => isAppError(error, 'not_found') && /no-such-bucket/.test(error.message),
        what,
      );
  });

  it('says what the account lacks, and on which bucket', async () => {
    await using rig = await start();
    for (const permission of ['get', 'create', 'delete', 'list'])
      rig.server.storage.denied.add(`storage.objects.${permission}`);
    for (const [what, call] of rig.calls)
      await assert.rejects(
        call(),
        (error) =>
          isAppError(error, 'google_forbidden') &&
          [BUCKET, `roles/storage.object${/read|list/.test(what) ? 'Viewer' : 'User'}`, rig.server.account].every(
            (part) => error.message.includes(part),
          ),
        what,
      );
  });

  it('takes a new token once where the first is not accepted any more', async () => {
    await using rig = await start();
    for (const [what, call] of rig.calls) {
      rig.server.tokens.revoke();
      const before = rig.server.requestsTo(OBJECT).length;
      await assert.doesNotReject(call(), what);
      assert.ok(rig.server.requestsTo(OBJECT).length - before <= 2, what);
    }
  });

  it('is read in the name of the caller with their token, and never with ours', async () => {
    await using rig = await start();
    rig.objects.addBucket('anns', ['ann@example.com']);
    rig.objects.put('anns', 'hers', Buffer.from('hers'), PNG);
    const as = (scopes: string[]) =>
      rig.google.as({ type: 'caller', token: rig.server.issueToken({ account: 'ann@example.com', scopes }) }).storage;
    assert.equal(await text(await as(['devstorage.read_only']).read('anns', 'hers', ample)), 'hers');
    await assert.rejects(rig.storage.read('anns', 'hers', ample), (error) => isAppError(error, 'google_forbidden'));
    await assert.rejects(
      as(['presentations']).read('anns', 'hers', ample),
      (error) => isAppError(error, 'google_forbidden') && /scope/.test(error.message),
    );
    const bad = rig.google.as({ type: 'caller', token: 'expired' }).storage;
    await assert.rejects(bad.read('anns', 'hers', ample), (error) => isAppError(error, 'google_unauthenticated'));
    await assert.rejects(as(['cloud-platform']).sign('anns', 'hers', 60, ample), (error) =>
      isAppError(error, 'not_configured'),
    );
  });

  const passing: GoogleFault[] = [
    { kind: 'status', status: 503 },
    { kind: 'status', status: 429, retryAfter: '2' },
    { kind: 'late status', status: 500 },
    { kind: 'lose' },
    { kind: 'lost answer' },
  ];
  for (const fault of passing)
    it(`is asked again after ${JSON.stringify(fault)}`, async () => {
      await using rig = await start();
      for (const [what, call] of rig.calls) {
        rig.server.fail({ ...fault, path: OBJECT, times: 1 });
        const { error, waits } = await skipping(rig, call());
        assert.deepEqual([error, waits.length], [undefined, 1], what);
        if ('retryAfter' in fault) assert.ok((waits[0] ?? 0) >= 2_000);
      }
      assert.equal(rig.objects.get(BUCKET, 'new')?.bytes.toString(), 'new');
    });

  it('gives up after four attempts, and tells neither token nor answer', async () => {
    await using rig = await start();
    rig.server.fail({ kind: 'status', status: 503, path: OBJECT, message: 'secret words of Google' });
    for (const [what, call] of rig.calls) {
      const before = rig.server.requestsTo(OBJECT).length;
      const { error } = await skipping(rig, call());
      assert.ok(isAppError(error, 'unavailable'), what);
      assert.equal(rig.server.requestsTo(OBJECT).length - before, 4);
      const all = `${told(error)} ${JSON.stringify(rig.log.lines)}`;
      for (const secret of ['ya29', 'secret words', rig.server.url, 'Bearer'])
        assert.ok(!all.includes(secret), `${what}: ${all}`);
    }
  });

  it('is waited for no longer than the signal lives', async () => {
    await using rig = await start();
    rig.server.fail({ kind: 'hang', path: OBJECT });
    for (const call of [
      (signal: AbortSignal) => rig.storage.read(BUCKET, 'there', { signal }),
      (signal: AbortSignal) => rig.storage.write(BUCKET, 'new', Buffer.from('new'), PNG, { signal }),
      (signal: AbortSignal) => rig.storage.delete(BUCKET, 'there', { signal }),
      (signal: AbortSignal) => rig.storage.list(BUCKET, '', undefined, 1, { signal }),
    ]) {
      const seen = rig.server.requestsTo(OBJECT).length;
      const stop = new AbortController();
      const call_ = call(stop.signal);
      const refused = assert.rejects(call_, (error) => isAppError(error, 'unavailable'));
      await rig.server.arrived(OBJECT, seen + 1);
      stop.abort();
      await refused;
    }
    assert.equal(rig.clock.sleepers, 0);
  });

  it('is waited for a minute at most for the beginning of an answer', async () => {
    await using rig = await start();
    rig.server.fail({ kind: 'hang', path: OBJECT, times: 1 });
    const reading = rig.storage.read(BUCKET, 'there', ample);
    await rig.server.arrived(OBJECT);
    const whole = skipping(rig, reading.then(text));
    await rig.clock.advance(60_000);
    assert.equal((await whole).result, 'bytes');
  });
});

describe('an object that is written', () => {
  it('has a media type that cannot end the header it stands in', async () => {
    await using rig = await start();
    for (const type of ['', 'image/png\r\nx: y', 'ä/b', `a/${'b'.repeat(300)}`])
      await assert.rejects(rig.storage.write(BUCKET, 'x', Buffer.from('x'), type, ample), (error) =>
        isAppError(error, 'invalid'),
      );
    assert.deepEqual(rig.server.requestsTo(OBJECT), []);
  });

  it('is refused by Cloud Storage itself where its bytes are not those that were sent', async () => {
    await using rig = await start();
    await rig.storage.write(BUCKET, 'new', Buffer.from('new'), PNG, ample);
    rig.server.storage.garbleUploads();
    const garbled = rig.storage.write(BUCKET, 'garbled', Buffer.from('new'), PNG, ample);
    await assert.rejects(garbled, (error) => isAppError(error, 'google_refused'));
    assert.deepEqual(rig.objects.names(BUCKET), ['new', 'there']);
    const [upload] = rig.server.requestsTo(/^\/upload\//);
    assert.deepEqual(upload?.query, { uploadType: 'multipart', fields: 'md5Hash' });
    assert.deepEqual(rig.server.forbidden(), []);
  });

  it('is not taken for written where the answer tells of other bytes', async () => {
    await using rig = await start();
    rig.server.storage.spoilChecksums();
    await assert.rejects(rig.storage.write(BUCKET, 'new', Buffer.from('new'), PNG, ample), (error) =>
      isAppError(error, 'unavailable'),
    );
    for (const kind of ['garbage', 'endless'] as const) {
      rig.server.fail({ kind, path: OBJECT, times: 1 });
      const refused = rig.storage.write(BUCKET, 'new', Buffer.from('new'), PNG, ample);
      await assert.rejects(refused, (error) => isAppError(error) && !/ya29/.test(messageOf(error)), kind);
    }
  });
});

describe('a listing', () => {
  it('goes on over short pages, starts after the name that is given, and ends at its limit', async () => {
    await using rig = await start();
    const names = Array.from({ length: 25 }, (_, index) => `p/${String(index).padStart(2, '0')}`);
    for (const name of [...names, 'o/before', 'q/after', 'p']) rig.objects.put(BUCKET, name, Buffer.from('x'), PNG);
    assert.deepEqual(await rig.storage.list(BUCKET, 'p/', undefined, 1_000, ample), names);
    assert.deepEqual(await rig.storage.list(BUCKET, 'p/', 'p/07', 5, ample), names.slice(8, 13));
    assert.deepEqual(await rig.storage.list(BUCKET, 'p/', 'p/07x', 2, ample), names.slice(8, 10));
    assert.deepEqual(await rig.storage.list(BUCKET, 'p/', 'p/24', 5, ample), []);
    rig.server.storage.pageSize = 3;
    assert.deepEqual(await rig.storage.list(BUCKET, 'p/', 'p/07', 10, ample), names.slice(8, 18));
  });

  it('believes no answer that is none', async () => {
    await using rig = await start();
    for (const body of [
      'null',
      '[]',
      '7',
      '{"items":7}',
      '{"items":[null,7,{"name":7},{"name":"q"}],"nextPageToken":7}',
    ]) {
      const undo = rig.server.fail({ kind: 'status', status: 200, body, path: OBJECT });
      assert.deepEqual(await rig.storage.list(BUCKET, 'p/', undefined, 5, ample), [], body);
      undo();
    }
    rig.server.fail({ kind: 'status', status: 200, body: '{"nextPageToken":"again"}', path: OBJECT });
    assert.deepEqual(await rig.storage.list(BUCKET, 'p/', undefined, 5, ample), [], 'pages without end');
    rig.server.heal();
    rig.server.fail({ kind: 'status', status: 404, body: 'nobody knows', path: OBJECT });
    await assert.rejects(rig.storage.list(BUCKET, 'p/', undefined, 5, ample), (error) =>
      isAppError(error, 'not_found'),
    );
  });
});

describe('an emulator', () => {
  it('is asked without a token', async () => {
    await using rig = await start();
    const storage = createStorageApi({
      clock: rig.clock,
      log: rig.log,
      ids: systemIds,
      account: createCallerAccount(rig.server.issueToken({ account: rig.server.account, scopes: ['cloud-platform'] })),
      emulator: rig.server.url,
      rootUrl: undefined,
    });
    // The fake is none, and minds.
    await assert.rejects(storage.read(BUCKET, 'there', ample), (error) => isAppError(error, 'google_unauthenticated'));
    assert.equal(rig.server.requestsTo(OBJECT)[0]?.account, undefined);
  });
});
