import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { isAppError } from '../errors.ts';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import { ample, skipping, startRig, told } from './rig.ts';

guardAgainstLeaks();

const BUCKET = 'some-bucket';

async function start() {
  const rig = await startRig(process.env);
  const { storage } = rig.server;
  storage.objects.addBucket(BUCKET, [rig.server.account]);
  storage.objects.put(BUCKET, 'a/picture', Buffer.from('bytes'), 'image/png');
  return { ...rig, storage, sign: (name: string, seconds = 60) => rig.own.storage.sign(BUCKET, name, seconds, ample) };
}

const SIGNING = /:signBlob$/;
const codeIn = (body: string) => /<Code>(\w+)<\/Code>/.exec(body)?.[1];

/** The status and, of a refusal, its code. */
async function get(address: string | URL, method = 'GET'): Promise<[number, string | undefined]> {
  const answer = await fetch(address, { method });
  return [answer.status, codeIn(await answer.text())];
}

describe('a signed address', () => {
  it('lets anybody GET the one object, as often as they like, without any token', async () => {
    await using rig = await start();
    const address = await rig.sign('a/picture');
    for (let time = 0; time < 2; time++) {
      const answer = await fetch(address);
      assert.equal(answer.headers.get('content-type'), 'image/png');
      assert.deepEqual([answer.status, await answer.text()], [200, 'bytes']);
    }
    assert.ok(!address.includes('ya29'));
    assert.deepEqual(rig.server.forbidden(), []);
    assert.deepEqual(rig.storage.fetches, Array(2).fill({ request: 'GET /some-bucket/a/picture', status: 200 }));
  });

  it('is good for any name', async () => {
    await using rig = await start();
    const names = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 40 })
      .filter((name) => !/[\r\n]|^\.{1,2}$|(?:^|\/)\.{1,2}(?:\/|$)/.test(name));
    await fc.assert(
      fc.asyncProperty(names, async (name) => {
        rig.storage.objects.put(BUCKET, name, Buffer.from(name), 'image/png');
        const answer = await fetch(await rig.sign(name));
        assert.deepEqual([answer.status, await answer.text()], [200, Buffer.from(name).toString()]);
      }),
      { numRuns: 40 },
    );
  });

  it('is dead when its time is over, and when the object is deleted', async () => {
    await using rig = await start();
    const address = await rig.sign('a/picture', 60);
    await rig.clock.advance(59_999);
    assert.deepEqual(await get(address), [200, undefined]);
    await rig.clock.advance(1);
    assert.deepEqual(await get(address), [400, 'ExpiredToken']);
    const other = await rig.sign('a/picture', 60);
    await rig.own.storage.delete(BUCKET, 'a/picture', ample);
    assert.deepEqual(await get(other), [404, 'NoSuchKey']);
  });

  it('is refused where anything in it is changed', async () => {
    await using rig = await start();
    rig.storage.objects.put(BUCKET, 'a/other', Buffer.from('other'), 'image/png');
    const address = await rig.sign('a/picture');
    const changed = (change: (url: URL) => void) => {
      const url = new URL(address);
      change(url);
      return url;
    };
    const set = (name: string, value: string) => changed((url) => url.searchParams.set(name, value));
    const tampered = [
      changed((url) => {
        url.pathname = url.pathname.replace('picture', 'other');
      }),
      set('X-Goog-Expires', '61'),
      set('X-Goog-Date', '20260101T000001Z'),
      set('X-Goog-Credential', `else@example.com/20260101/auto/storage/goog4_request`),
      set('X-Goog-SignedHeaders', 'host;range'),
      set('X-Goog-SignedHeaders', ''),
      set('X-Goog-Signature', '00'.repeat(256)),
      set('X-Goog-Signature', ''),
      set('X-Goog-Signature', 'nothing'),
      set('response-content-type', 'text/html'),
    ];
    for (const url of tampered) assert.deepEqual(await get(url), [403, 'SignatureDoesNotMatch'], String(url));
    assert.deepEqual(await get(changed((url) => url.searchParams.delete('X-Goog-Signature'))), [403, 'AccessDenied']);
    assert.deepEqual(await get(changed((url) => url.searchParams.delete('X-Goog-Date'))), [
      400,
      'AuthenticationRequestParametersError',
    ]);
    assert.deepEqual(await get(set('X-Goog-Expires', '604801')), [400, 'AuthenticationRequestParametersError']);
    assert.deepEqual(await get(set('X-Goog-Algorithm', 'none')), [400, 'InvalidArgument']);
    assert.equal((await get(address, 'HEAD'))[0], 403);
    assert.deepEqual(await get(address), [200, undefined]);
  });

  it('is not made for a time out of range, nor for a name that is too long for Slides or lost on the way', async () => {
    await using rig = await start();
    const invalid = (error: unknown) => isAppError(error, 'invalid');
    for (const seconds of [0, -1, 1.5, 604_801, Number.NaN])
      await assert.rejects(rig.sign('a/picture', seconds), invalid);
    for (const name of ['ä'.repeat(300), 'a/../b', './a', 'a/.']) await assert.rejects(rig.sign(name), invalid, name);
    assert.deepEqual(rig.server.requestsTo(SIGNING), []);
    assert.ok((await rig.sign("it's (a)*!")).includes('/it%27s%20%28a%29%2A%21?'));
    assert.ok((await rig.sign('x'.repeat(1_000))).length <= 2_000);
    assert.ok((await rig.sign('a/picture', 604_800)).length < 900);
  });

  it('says what the account needs to sign', async () => {
    await using rig = await start();
    rig.storage.denied.add('iam.serviceAccounts.signBlob');
    await assert.rejects(
      rig.sign('a/picture'),
      (error) =>
        isAppError(error, 'google_forbidden') &&
        error.message.includes('roles/iam.serviceAccountTokenCreator') &&
        error.message.includes(rig.server.account),
    );
  });

  it('is asked for again where the signer does not answer, and believed only with a signature', async () => {
    await using rig = await start();
    rig.server.fail({ kind: 'status', status: 503, path: SIGNING, times: 1 });
    const { result, waits } = await skipping(rig, rig.sign('a/picture'));
    assert.deepEqual([await get(result ?? ''), waits.length], [[200, undefined], 1]);
    for (const body of ['{}', 'null', '{"signedBlob":7}', '{"signedBlob":""}', 'nothing']) {
      rig.server.fail({ kind: 'status', status: 200, body, path: SIGNING, times: 1 });
      await assert.rejects(rig.sign('a/picture'), (error) => isAppError(error, 'unavailable'), body);
    }
  });

  it('is in no error and no line of the log', async () => {
    await using rig = await start();
    rig.server.fail({
      kind: 'status',
      status: 403,
      path: SIGNING,
      message: 'no, not https://storage.googleapis.com/b/o?X-Goog-Signature=abc',
    });
    const { error } = await skipping(rig, rig.sign('a/picture'));
    assert.ok(isAppError(error, 'google_forbidden'));
    assert.doesNotMatch(`${told(error)} ${JSON.stringify(rig.log.lines)}`, /X-Goog|https?:|ya29/);
  });

  it('is signed by the service account itself where Hawker speaks for a person', async () => {
    await using rig = await startRig(process.env, { settings: { HAWKER_GOOGLE_SUBJECT: 'ann@example.com' } });
    rig.server.storage.objects.addBucket(BUCKET, [rig.server.account]);
    await rig.own.storage.write(BUCKET, 'a/picture', Buffer.from('bytes'), 'image/png', ample);
    assert.deepEqual(await get(await rig.own.storage.sign(BUCKET, 'a/picture', 60, ample)), [200, undefined]);
  });
});
