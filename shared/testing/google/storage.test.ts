/** Whether the fake is one: Google's own client has to take it for Cloud Storage. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import type { Storage } from '@google-cloud/storage';
import { guardAgainstLeaks } from '../leak-guard.ts';
import { crc32c } from './crc32c.ts';
import { startFakeGoogle } from './start.ts';

guardAgainstLeaks();

const BUCKET = 'some-bucket';

async function start() {
  const google = await startFakeGoogle();
  Object.assign(process.env, google.env);
  google.storage.objects.addBucket(BUCKET, [google.account]);
  const { Storage: Client } = await import('@google-cloud/storage');
  const client: Storage = new Client({
    apiEndpoint: google.url,
    useAuthWithCustomEndpoint: true,
    projectId: 'demo-hawker',
    retryOptions: { autoRetry: false },
  });
  const token = (scopes: string[], account = google.account) => google.issueToken({ account, scopes });
  const ask = (path: string, init: RequestInit & { token?: string } = {}) =>
    fetch(google.url + path, {
      ...init,
      headers: { ...init.headers, authorization: `Bearer ${init.token ?? token(['cloud-platform'])}` },
    });
  return {
    google,
    bucket: client.bucket(BUCKET),
    token,
    ask,
    [Symbol.asyncDispose]: () => google[Symbol.asyncDispose](),
  };
}

const signing = (google: { url: string }, more: object = {}) => ({
  version: 'v4' as const,
  action: 'read' as const,
  expires: Date.now() + 60_000,
  signingEndpoint: `${google.url}/v1/projects/-/serviceAccounts/`,
  ...more,
});

describe('the fake Cloud Storage', () => {
  it('tells checksums as CRC-32C has them', () => {
    // RFC 3720, appendix B.4.
    assert.equal(crc32c(Buffer.alloc(32)), Buffer.from('8a9136aa', 'hex').toString('base64'));
    assert.equal(crc32c(Buffer.from('123456789')), Buffer.from('e3069283', 'hex').toString('base64'));
  });

  it("keeps what Google's client uploads, checked by its sums, and gives it back", async () => {
    await using rig = await start();
    const bytes = Buffer.alloc(700_000, 'picture \r\n--');
    const file = rig.bucket.file('a b/ä?#%.png');
    await file.save(bytes, { resumable: false, contentType: 'image/png', validation: true });
    assert.deepEqual(rig.google.storage.objects.get(BUCKET, 'a b/ä?#%.png')?.bytes, bytes);
    const [metadata] = await file.getMetadata();
    assert.deepEqual([metadata.size, metadata.contentType], [String(bytes.length), 'image/png']);
    assert.equal(metadata.md5Hash, createHash('md5').update(bytes).digest('base64'));
    assert.deepEqual((await file.download({ validation: 'crc32c' }))[0], bytes);
    assert.deepEqual((await file.download({ validation: 'md5' }))[0], bytes);
    await file.delete();
    await assert.rejects(file.download(), { code: 404 });
    await assert.rejects(file.delete(), { code: 404 });
    assert.deepEqual(rig.google.forbidden(), []);
  });

  it("is caught by Google's client where it tells sums of other bytes", async () => {
    await using rig = await start();
    rig.google.storage.spoilChecksums();
    await assert.rejects(rig.bucket.file('x').save('bytes', { resumable: false, validation: true }), /did not match/);
  });

  it('lists by prefix, from an offset, page after page', async () => {
    await using rig = await start();
    for (const name of ['a', 'p/1', 'p/2', 'p/3', 'p/ä', 'p/🦅', 'q'])
      rig.google.storage.objects.put(BUCKET, name, Buffer.from(name), 'image/png');
    rig.google.storage.pageSize = 2;
    const [files] = await rig.bucket.getFiles({ prefix: 'p/', startOffset: 'p/2' });
    assert.deepEqual(
      files.map(({ name }) => name),
      ['p/2', 'p/3', 'p/ä', 'p/🦅'],
    );
  });

  it("takes the address that Google's client signs with its signBlob, and no other", async () => {
    await using rig = await start();
    const name = "a b/it's (*)!~ä.png";
    rig.google.storage.objects.put(BUCKET, name, Buffer.from('bytes'), 'image/png');
    const [address] = await rig.bucket
      .file(name)
      .getSignedUrl(signing(rig.google, { queryParams: { 'response-x': "it's" } }));
    assert.equal(await (await fetch(address)).text(), 'bytes');
    assert.equal((await fetch(address.replace('60&', '61&').replace('59&', '61&'))).status, 403);
    assert.equal((await fetch(address.replace('it%27s', 'its'))).status, 403);
    assert.equal((await fetch(`${rig.google.url}/${BUCKET}/x`)).status, 403);
    const [late] = await rig.bucket
      .file(name)
      .getSignedUrl(signing(rig.google, { accessibleAt: Date.now() - 120_000, expires: Date.now() + 1 }));
    const [early] = await rig.bucket
      .file(name)
      .getSignedUrl(signing(rig.google, { accessibleAt: Date.now() + 3_600_000, expires: Date.now() + 7_200_000 }));
    while (Date.now() % 1_000 > 900) await new Promise(setImmediate);
    assert.deepEqual([(await fetch(late)).status, (await fetch(early)).status], [400, 403]);
    const [head] = await rig.bucket
      .file(name)
      .getSignedUrl(signing(rig.google, { extensionHeaders: { 'x-goog-y': 'a  b' } }));
    assert.deepEqual(
      [(await fetch(head)).status, (await fetch(head, { headers: { 'x-goog-y': 'a b' } })).status],
      [403, 200],
    );
  });

  it('refuses what is signed with the right key and breaks a rule', async () => {
    await using rig = await start();
    rig.google.storage.objects.put(BUCKET, 'x', Buffer.from('bytes'), 'image/png');
    const day = new Date().toISOString().slice(0, 10).replaceAll('-', '');
    /** Signs whatever is asked for. */
    const address = ({ scopeDay = day, headers = ['host'] } = {}) => {
      const stamp = `${day}T000000Z`;
      const scope = `${scopeDay}/auto/storage/goog4_request`;
      const query = new URLSearchParams({
        'X-Goog-Algorithm': 'GOOG4-RSA-SHA256',
        'X-Goog-Credential': `${rig.google.account}/${scope}`,
        'X-Goog-Date': stamp,
        'X-Goog-Expires': '604800',
        'X-Goog-SignedHeaders': headers.join(';'),
      });
      const values: Record<string, string> = { host: '127.0.0.1', accept: '*/*' };
      const lines = headers.map((header) => `${header}:${values[header]}\n`).join('');
      const request = ['GET', `/${BUCKET}/x`, query, lines, headers.join(';'), 'UNSIGNED-PAYLOAD'].join('\n');
      const digest = createHash('sha256').update(request).digest('hex');
      const signature = rig.google.signer.sign(Buffer.from(['GOOG4-RSA-SHA256', stamp, scope, digest].join('\n')));
      return `${rig.google.url}/${BUCKET}/x?${query}&X-Goog-Signature=${signature.toString('hex')}`;
    };
    const status = async (...of: Parameters<typeof address>) => (await fetch(address(...of))).status;
    assert.equal(await status(), 200);
    assert.equal(await status({ headers: ['accept', 'host'] }), 200);
    assert.equal(await status({ headers: ['host', 'accept'] }), 403);
    assert.equal(await status({ headers: ['accept'] }), 403);
    assert.equal(await status({ scopeDay: '20200101' }), 403);
  });

  it('asks for a token, a scope, a membership and a permission', async () => {
    await using rig = await start();
    rig.google.storage.objects.put(BUCKET, 'x', Buffer.from('bytes'), 'image/png');
    const path = `/storage/v1/b/${BUCKET}/o/x`;
    const status = async (of: { token?: string; method?: string } = {}) => (await rig.ask(path, of)).status;
    assert.equal(await status({ token: 'nonsense' }), 401);
    assert.equal(await status({ token: rig.token(['presentations']) }), 403);
    assert.equal(await status({ token: rig.token(['cloud-platform'], 'ann@example.com') }), 403);
    assert.equal(await status({ token: rig.token(['devstorage.read_only']) }), 200);
    assert.equal(await status({ token: rig.token(['devstorage.read_only']), method: 'DELETE' }), 403);
    rig.google.storage.denied.add('storage.objects.get');
    assert.equal(await status(), 403);
    assert.equal((await rig.ask('/storage/v1/b/none/o/x')).status, 404);
  });

  it('signs for nobody but the account itself', async () => {
    await using rig = await start();
    const sign = (account: string, token?: string) =>
      rig.ask(`/v1/projects/-/serviceAccounts/${account}:signBlob`, {
        method: 'POST',
        body: '{"payload":"eA=="}',
        ...(token && { token }),
      });
    assert.equal((await sign(rig.google.account)).status, 200);
    assert.equal((await sign('else@example.com')).status, 403);
    assert.equal((await sign(rig.google.account, rig.token(['cloud-platform'], 'ann@example.com'))).status, 403);
    assert.equal((await sign(rig.google.account, rig.token(['devstorage.read_write']))).status, 403);
    rig.google.storage.denied.add('iam.serviceAccounts.signBlob');
    assert.equal((await sign(rig.google.account)).status, 403);
  });

  it('tells of every attempt to make something public', async () => {
    await using rig = await start();
    const file = rig.bucket.file('x');
    await file.save('bytes', { resumable: false, predefinedAcl: 'publicRead' });
    const publicly: object = { resumable: false, metadata: { acl: [{ entity: 'allUsers', role: 'READER' }] } };
    await file.save('bytes', publicly);
    await assert.rejects(file.makePublic());
    await assert.rejects(rig.bucket.acl.add({ entity: 'allUsers', role: 'READER' }));
    await assert.rejects(
      rig.bucket.iam.setPolicy({ bindings: [{ role: 'roles/storage.objectViewer', members: ['allUsers'] }] }),
    );
    assert.equal(rig.google.storage.publicAttempts.length, 5, rig.google.storage.publicAttempts.join('\n'));
    assert.equal(rig.google.forbidden().length, 5);
  });
});
