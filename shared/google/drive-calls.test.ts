import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import type { AppError } from '../errors.ts';
import { png } from '../testing/google/pictures.ts';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import { ample, skipping, startRig } from './rig.ts';

guardAgainstLeaks();

const start = (options = {}) => startRig(process.env, options);
const FILES = /^\/drive\/v3\/files\//;
const bytes = png(8, 8);

describe('a file of Drive', () => {
  it('is what it is called, its type, size and version, by the scope to read alone', async () => {
    await using rig = await start();
    const id = rig.server.drive.addFile({ name: 'a.png', bytes, driveId: 'shared' });
    const file = await rig.own.drive.file(id, ample);
    const md5 = createHash('md5').update(bytes).digest('hex');
    assert.deepEqual(file, {
      id,
      name: 'a.png',
      mimeType: 'image/png',
      size: bytes.length,
      revision: `0B-${id}-r1`,
      md5,
    });
    assert.deepEqual(Buffer.from(await rig.own.drive.download(file, 10_000, ample)), bytes);
    const calls = rig.server.requestsTo(FILES);
    assert.equal(calls.length, 2);
    for (const { scopes, query } of calls) {
      assert.deepEqual(scopes, ['https://www.googleapis.com/auth/drive.readonly']);
      assert.equal(query['supportsAllDrives'], 'true');
      assert.equal(query['acknowledgeAbuse'], undefined);
    }
    assert.deepEqual(rig.server.forbidden(), []);
  });

  it('is the one that a shortcut leads to, and no other shortcut', async () => {
    await using rig = await start();
    const id = rig.server.drive.addFile({ bytes });
    const shortcut = rig.server.drive.addFile({ shortcutTo: id });
    const twice = rig.server.drive.addFile({ shortcutTo: shortcut });
    const dangling = rig.server.drive.addFile({ shortcutTo: '1nothing' });
    assert.equal((await rig.own.drive.file(shortcut, ample)).id, id);
    await assert.rejects(rig.own.drive.file(dangling, ample), { code: 'not_found' });
    const before = rig.server.requestsTo(FILES).length;
    await assert.rejects(rig.own.drive.file(twice, ample));
    assert.equal(rig.server.requestsTo(FILES).length, before + 2);
  });

  it('is not there in the bin, where it is not shared, and for an id that could lead elsewhere', async () => {
    await using rig = await start();
    const { account } = rig.server;
    const binned = rig.server.drive.addFile({ bytes, trashed: true });
    const foreign = rig.server.drive.addFile({ bytes, sharedWith: ['ann@example.com'] });
    await assert.rejects(rig.own.drive.file(binned, ample), { code: 'not_found' });
    await assert.rejects(rig.own.drive.file(foreign, ample), (error: AppError) => {
      return error.code === 'not_found' && error.message.includes(account);
    });
    const before = rig.server.requests.length;
    for (const id of ['', '..', '../..', '../../v1/x', 'a/b', 'a?alt=media', '%2e%2e'])
      await assert.rejects(rig.own.drive.file(id, ample), { code: 'not_found' });
    assert.equal(rig.server.requests.length, before);
  });

  it('is forbidden where it may not be downloaded, and invalid where it has no bytes', async () => {
    await using rig = await start();
    const locked = rig.server.drive.addFile({ bytes, canDownload: false });
    const folder = rig.server.drive.addFile({ mimeType: 'application/vnd.google-apps.folder' });
    const document = rig.server.drive.addFile({});
    await assert.rejects(rig.own.drive.file(locked, ample), { code: 'google_forbidden', message: /not download/ });
    for (const id of [folder, document]) await assert.rejects(rig.own.drive.file(id, ample), { code: 'invalid' });
  });

  it('is asked for by a caller with their own token', async () => {
    await using rig = await start();
    const id = rig.server.drive.addFile({ bytes, sharedWith: ['ann@example.com'] });
    const token = rig.server.issueToken({ account: 'ann@example.com', scopes: ['drive.readonly'] });
    assert.equal((await rig.google.as({ type: 'caller', token }).drive.file(id, ample)).id, id);
    assert.equal(rig.server.requestsTo(/computeMetadata/).length, 0);
  });

  it('is unavailable where the answer is none', async () => {
    await using rig = await start();
    const id = rig.server.drive.addFile({ bytes });
    rig.server.fail({ kind: 'garbage', path: FILES });
    await assert.rejects(rig.own.drive.file(id, ample), { code: 'unavailable' });
  });
});

describe("a file's bytes", () => {
  it('are not those of another version', async () => {
    await using rig = await start();
    const id = rig.server.drive.addFile({ bytes });
    rig.server.drive.replaceAfterLook(id, png(8, 8, 1));
    const file = await rig.own.drive.file(id, ample);
    await assert.rejects(rig.own.drive.download(file, 10_000, ample), { code: 'conflict', retryable: true });
  });

  it('are not asked for where they are too many, and cut off where they turn out to be', async () => {
    await using rig = await start();
    const id = rig.server.drive.addFile({ bytes });
    const file = await rig.own.drive.file(id, ample);
    const asked = rig.server.requests.length;
    await assert.rejects(rig.own.drive.download(file, bytes.length - 1, ample), { code: 'too_large' });
    assert.equal(rig.server.requests.length, asked);
    const { size: _, ...unsized } = file;
    await assert.rejects(rig.own.drive.download(unsized, bytes.length - 1, ample), { code: 'too_large' });
    rig.server.fail({ kind: 'endless', path: FILES });
    await assert.rejects(rig.own.drive.download(file, 1_000_000, ample), { code: 'too_large' });
    assert.equal(rig.server.requests.length, asked + 2);
  });

  it('are read again from the start where the connection broke', async () => {
    await using rig = await start();
    const id = rig.server.drive.addFile({ bytes });
    const file = await rig.own.drive.file(id, ample);
    rig.server.fail({ kind: 'cut', path: FILES, times: 2 });
    const { result } = await skipping(rig, rig.own.drive.download(file, 10_000, ample));
    assert.deepEqual(Buffer.from(result ?? []), bytes);
  });

  it('are waited for where Drive says 403 and means its rate', async () => {
    await using rig = await start();
    const id = rig.server.drive.addFile({ bytes });
    const file = await rig.own.drive.file(id, ample);
    const body = { error: { code: 403, message: 'Slow down.', errors: [{ reason: 'userRateLimitExceeded' }] } };
    rig.server.fail({ kind: 'status', status: 403, body, path: FILES, times: 1, retryAfter: '3' });
    const { result, waits } = await skipping(rig, rig.own.drive.download(file, 10_000, ample));
    assert.equal(result?.length, bytes.length);
    assert.deepEqual(waits, [3_000]);
  });
});
