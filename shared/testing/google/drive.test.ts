import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import test from 'node:test';
import { guardAgainstLeaks } from '../leak-guard.ts';
import { ask } from './checking.ts';
import type { DriveFileGiven } from './drive.ts';
import { png } from './pictures.ts';
import { startFakeGoogle } from './start.ts';

guardAgainstLeaks();

const EVERY_DRIVE = 'supportsAllDrives=true';

async function startDrive(scopes = ['drive.readonly']) {
  const google = await startFakeGoogle();
  const token = google.issueToken({ account: google.account, scopes });
  return {
    drive: google.drive,
    get: (id: string, query = '') => ask(google, 'GET', `/drive/v3/files/${id}?${query}`, { token }),
    [Symbol.asyncDispose]: () => google[Symbol.asyncDispose](),
  };
}

test('a file is told by its fields, with sizes as text', async () => {
  await using google = await startDrive();
  const bytes = png(30, 20);
  const id = google.drive.addFile({ name: 'plan.png', bytes });
  const few = await google.get(id);
  assert.deepEqual(few.json, { kind: 'drive#file', id, name: 'plan.png', mimeType: 'image/png' });
  const { json } = await google.get(
    id,
    'fields=size,md5Checksum,imageMediaMetadata(width,height),capabilities/canDownload,trashed,shortcutDetails',
  );
  assert.deepEqual(json, {
    size: String(bytes.length),
    md5Checksum: createHash('md5').update(bytes).digest('hex'),
    imageMediaMetadata: { width: 30, height: 20 },
    capabilities: { canDownload: true },
    trashed: false,
  });
  const media = await google.get(id, 'alt=media');
  assert.deepEqual(
    [media.status, media.headers.get('content-type'), media.headers.get('content-length')],
    [200, 'image/png', String(bytes.length)],
  );
  assert.equal((await google.get(id, 'fields=sice')).status, 400);
  assert.equal((await google.get(id, 'supportAllDrives=true')).status, 400);
});

test('what is in a shared drive is there only for who supports them, what is not shared for nobody else', async () => {
  await using google = await startDrive();
  const shared = google.drive.addFile({ bytes: png(1, 1), driveId: '0Shared' });
  const foreign = google.drive.addFile({ bytes: png(1, 1), sharedWith: ['ann@example.com'] });
  for (const query of ['', 'alt=media&']) {
    const { status, json } = await google.get(shared, query);
    assert.deepEqual(
      [status, json.error.errors[0].reason, json.error.message],
      [404, 'notFound', `File not found: ${shared}.`],
    );
    assert.equal((await google.get(shared, query + EVERY_DRIVE)).status, 200);
    assert.equal((await google.get(foreign, query + EVERY_DRIVE)).status, 404);
    assert.equal((await google.get('nothing', query + EVERY_DRIVE)).status, 404);
  }
});

test('shortcuts, folders, documents and what may not be downloaded have no bytes', async () => {
  await using google = await startDrive();
  const target = google.drive.addFile({ bytes: png(1, 1), trashed: true });
  const files: [file: DriveFileGiven, reason: string, told: object][] = [
    [
      { shortcutTo: target },
      'fileNotDownloadable',
      {
        mimeType: 'application/vnd.google-apps.shortcut',
        shortcutDetails: { targetId: target, targetMimeType: 'image/png' },
        capabilities: { canDownload: false },
        trashed: false,
      },
    ],
    [
      { mimeType: 'application/vnd.google-apps.folder' },
      'fileNotDownloadable',
      { mimeType: 'application/vnd.google-apps.folder', capabilities: { canDownload: true }, trashed: false },
    ],
    [
      { bytes: png(1, 1), canDownload: false },
      'cannotDownloadFile',
      { mimeType: 'image/png', size: String(png(1, 1).length), capabilities: { canDownload: false }, trashed: false },
    ],
  ];
  for (const [file, reason, told] of files) {
    const id = google.drive.addFile(file);
    assert.deepEqual(
      (await google.get(id, 'fields=mimeType,size,shortcutDetails,trashed,capabilities/canDownload')).json,
      told,
    );
    const { status, json } = await google.get(id, 'alt=media');
    assert.deepEqual([status, json.error.errors[0].reason], [403, reason]);
  }
  assert.equal((await google.get(target, 'fields=trashed')).json.trashed, true);
});

test('bytes can change between the look and the download, under another revision', async () => {
  await using google = await startDrive();
  const id = google.drive.addFile({ bytes: png(1, 1) });
  google.drive.replaceAfterLook(id, png(2, 2));
  const look = async () => (await google.get(id, 'fields=size,md5Checksum,headRevisionId')).json;
  const before = await look();
  const { headers } = await google.get(id, 'alt=media');
  assert.equal(headers.get('content-length'), String(png(2, 2).length));
  const after = await look();
  assert.equal(before.size, String(png(1, 1).length));
  for (const field of ['md5Checksum', 'headRevisionId']) assert.notEqual(after[field], before[field]);
});

test('a token for looking is none for downloading', async () => {
  await using google = await startDrive(['drive.metadata.readonly']);
  const id = google.drive.addFile({ bytes: png(1, 1) });
  assert.equal((await google.get(id)).status, 200);
  const { status, json } = await google.get(id, 'alt=media');
  assert.deepEqual([status, json.error.errors[0].reason], [403, 'insufficientPermissions']);
});
