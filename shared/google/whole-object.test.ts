import assert from 'node:assert/strict';
import { buffer } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import { isAppError } from '../errors.ts';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import { ample, startRig } from './rig.ts';

guardAgainstLeaks();

const BUCKET = 'some-bucket';
const PNG = 'image/png';
const OBJECT = /\/storage\/v1\/b\//;

async function start() {
  const rig = await startRig(process.env);
  const { objects } = rig.server.storage;
  objects.addBucket(BUCKET, [rig.server.account]);
  objects.put(BUCKET, 'there', Buffer.from('bytes'), PNG);
  return { ...rig, storage: rig.own.storage, objects };
}

const text = async (found: { body: ReadableStream<Uint8Array> } | undefined) =>
  found && (await buffer(found.body)).toString();

describe('an object that is read', () => {
  it('tells its size and type before its bytes', async () => {
    await using rig = await start();
    rig.objects.put(BUCKET, 'large', Buffer.alloc(3_000_000, 7), 'image/webp');
    const found = await rig.storage.read(BUCKET, 'large', ample);
    assert.deepEqual([found?.size, found?.type], [3_000_000, 'image/webp']);
    assert.ok(found && Buffer.alloc(3_000_000, 7).equals(await buffer(found.body)));
  });

  it('comes unpacked where it is kept packed, without a size', async () => {
    await using rig = await start();
    rig.objects.put(BUCKET, 'packed', gzipSync('plain'), 'image/svg+xml', 'gzip');
    const found = await rig.storage.read(BUCKET, 'packed', ample);
    assert.equal(found?.size, undefined);
    assert.equal(await text(found), 'plain');
  });

  for (const [what, kind] of [
    ['breaks off', 'cut'],
    ['does not tell its length', 'half'],
  ] as const)
    it(`errors where it ${what}`, async () => {
      await using rig = await start();
      rig.objects.put(BUCKET, 'large', Buffer.alloc(3_000_000, 7), PNG);
      rig.server.fail({ kind, path: OBJECT, times: 1 });
      const reading = rig.storage.read(BUCKET, 'large', ample).then(text);
      await assert.rejects(reading, (error) => isAppError(error, 'unavailable'));
    });

  it('errors where it is not what the bucket says it keeps', async () => {
    await using rig = await start();
    rig.server.storage.spoilChecksums();
    const found = await rig.storage.read(BUCKET, 'there', ample);
    await assert.rejects(text(found), (error) => isAppError(error, 'unavailable') && /other bytes/.test(error.message));
  });

  it('errors when nothing more comes for a minute', async () => {
    await using rig = await start();
    rig.server.fail({ kind: 'stall', path: OBJECT });
    const reader = (await rig.storage.read(BUCKET, 'there', ample))?.body.getReader();
    await reader?.read();
    const next = assert.rejects(reader?.read() ?? Promise.resolve(), (error) => isAppError(error, 'unavailable'));
    while (rig.clock.sleepers === 0) await new Promise(setImmediate);
    await rig.clock.advance(60_000);
    await next;
    assert.equal(rig.clock.sleepers, 0);
  });

  it('errors when the signal aborts while nothing more comes', async () => {
    await using rig = await start();
    rig.server.fail({ kind: 'stall', path: OBJECT });
    const stop = new AbortController();
    const reader = (await rig.storage.read(BUCKET, 'there', { signal: stop.signal }))?.body.getReader();
    await reader?.read();
    const next = assert.rejects(reader?.read() ?? Promise.resolve(), (error) => isAppError(error, 'unavailable'));
    stop.abort();
    await next;
  });
});
