import assert from 'node:assert/strict';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ServerResponse } from 'node:http';
import { describe, it } from 'node:test';
import { isAppError } from '../errors.ts';
import { ample, startRig } from '../google/rig.ts';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import { blobsContract } from './blobs.contract.ts';
import { blobName } from './blobs.ts';
import { createCloudStorageBlobs } from './cloud-storage.ts';

guardAgainstLeaks();

const BUCKET = 'hawker-blobs';

async function start() {
  const rig = await startRig(process.env);
  rig.server.storage.objects.addBucket(BUCKET, [rig.server.account]);
  return { ...rig, blobs: createCloudStorageBlobs(BUCKET, rig.own.storage) };
}

blobsContract('Cloud Storage', async () => {
  const rig = await start();
  const answering = new Set<ServerResponse>();
  const onRequest = (message: unknown) => {
    const { response } = message as { response: ServerResponse };
    answering.add(response);
    response.once('close', () => answering.delete(response));
  };
  subscribe('http.server.request.start', onRequest);
  return {
    blobs: rig.blobs,
    held: async () => answering.size,
    async close() {
      unsubscribe('http.server.request.start', onRequest);
      assert.deepEqual(rig.server.forbidden(), []);
      await rig[Symbol.asyncDispose]();
    },
  };
});

describe('blobs in a bucket', () => {
  const name = blobName(Date.now() + 60_000, 'one');
  const PNG = 'image/png';

  it('are seen by everybody who has the bucket, under a prefix of their own', async () => {
    await using rig = await start();
    assert.equal(rig.blobs.shared, true);
    await rig.blobs.put(name, Buffer.from('x'), PNG);
    assert.deepEqual(rig.server.storage.objects.names(BUCKET), [`hawker/${name}`]);
  });

  it('are listed past whatever else lies among them', async () => {
    await using rig = await start();
    const { objects } = rig.server.storage;
    for (let index = 0; index < 7; index++) objects.put(BUCKET, `hawker/0-foreign-${index}`, Buffer.from('x'), PNG);
    objects.put(BUCKET, `other/${name}`, Buffer.from('x'), PNG);
    objects.put(BUCKET, `hawker/${name}/deeper`, Buffer.from('x'), PNG);
    await rig.blobs.put(name, Buffer.from('x'), PNG);
    assert.deepEqual(await rig.blobs.list(undefined, 3), [name]);
    assert.deepEqual(await rig.blobs.list(name, 3), []);
  });

  it('have an address that anybody may GET', async () => {
    await using rig = await start();
    await rig.blobs.put(name, Buffer.from('picture'), PNG);
    const answer = await fetch(await rig.blobs.sign(name, 60, ample));
    assert.deepEqual([answer.status, await answer.text()], [200, 'picture']);
  });

  it('are not read where somebody else has put something packed in their place', async () => {
    await using rig = await start();
    rig.server.storage.objects.put(
      BUCKET,
      `hawker/${name}`,
      Buffer.from('H4sIAAAAAAAAA0vLzwcAIWVzjAMAAAA=', 'base64'),
      PNG,
      'gzip',
    );
    await assert.rejects(rig.blobs.get(name), (error) => isAppError(error, 'unavailable'));
  });
});
