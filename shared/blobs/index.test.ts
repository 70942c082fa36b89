import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { systemClock } from '../clock.ts';
import { loadConfig } from '../config.ts';
import { startRig } from '../google/rig.ts';
import { systemIds } from '../ids.ts';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import { blobName } from './blobs.ts';
import { openBlobs } from './index.ts';

guardAgainstLeaks();

const name = blobName(Date.now() + 60_000, 'one');

it('keeps blobs on the disk where no bucket is named, and then needs nothing of Google', async () => {
  const data = await mkdtemp(join(tmpdir(), 'hawker-blobs-'));
  try {
    const google = () => assert.fail('Google was opened');
    const blobs = await openBlobs(loadConfig({ HAWKER_DATA: data }), { google, clock: systemClock, ids: systemIds });
    assert.equal(blobs.shared, false);
    await blobs.put(name, Buffer.from('x'), 'image/png');
    assert.deepEqual(await readdir(join(data, 'blobs')), [name]);
  } finally {
    await rm(data, { recursive: true });
  }
});

it("keeps them in the bucket of HAWKER_BUCKET, in Hawker's own name", async () => {
  await using rig = await startRig(process.env);
  rig.server.storage.objects.addBucket('some-bucket', [rig.server.account]);
  const config = loadConfig({ HAWKER_BUCKET: 'some-bucket' });
  const blobs = await openBlobs(config, { google: async () => rig.google, clock: rig.clock, ids: systemIds });
  assert.equal(blobs.shared, true);
  await blobs.put(name, Buffer.from('x'), 'image/png');
  assert.deepEqual(rig.server.storage.objects.names('some-bucket'), [`hawker/${name}`]);
});
