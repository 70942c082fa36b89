import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import { ample, OWN, startRig } from './rig.ts';

guardAgainstLeaks();

const start = (options = {}) => startRig(process.env, options);

describe('Google', () => {
  it('is one for its own account, and one for each caller for a while', async () => {
    await using rig = await start();
    const { google } = rig;
    await rig.clock.advance(1);
    const ann = google.as({ type: 'caller', token: 'ann' });
    assert.equal(google.as(OWN), google.as(OWN));
    assert.equal(google.as({ type: 'caller', token: 'ann' }), ann);
    assert.notEqual(google.as({ type: 'caller', token: 'bob' }), ann);
    await rig.clock.advance(5 * 60_000 + 1);
    assert.notEqual(google.as({ type: 'caller', token: 'ann' }), ann);
    assert.equal(await ann.account(), undefined);
  });

  it('is asked by a caller in their name alone, and by each at their own pace', async () => {
    await using rig = await start();
    const deck = rig.server.slides.addDeck({ sharedWith: ['ann@example.com', 'bob@example.com'] });
    const slidesOf = (account: string) => {
      const token = rig.server.issueToken({ account, scopes: ['presentations'] });
      return rig.google.as({ type: 'caller', token }).slides;
    };
    const ann = slidesOf('ann@example.com');
    await Promise.all(Array.from({ length: 60 }, () => ann.batchUpdate(deck, { requests: [] }, ample)));
    await slidesOf('bob@example.com').batchUpdate(deck, { requests: [] }, ample);
    const seen = rig.server.requests.map(({ account }) => account);
    assert.deepEqual(seen, [...Array<string>(60).fill('ann@example.com'), 'bob@example.com']);
  });

  it('asks nothing, and needs no credentials, before it is used', async () => {
    await using rig = await start();
    rig.google.as(OWN);
    assert.equal(rig.server.requests.length, 0);
  });

  it('keeps the blobs of a bucket by the scope of Cloud Storage, as the service account also where it speaks for a person', async () => {
    const settings = { STORAGE_EMULATOR_HOST: '', HAWKER_GOOGLE_SUBJECT: 'ann@example.com' };
    await using rig = await start({ settings });
    rig.server.storage.objects.addBucket('demo-bucket');
    await rig.own.storage.write('demo-bucket', 'a', Buffer.from('x'), 'text/plain', ample);
    const seen = rig.server.requestsTo(/\/b\/demo-bucket/).map(({ account, scopes }) => [account, scopes]);
    assert.deepEqual(seen, [[rig.server.account, ['https://www.googleapis.com/auth/devstorage.read_write']]]);
  });
});
