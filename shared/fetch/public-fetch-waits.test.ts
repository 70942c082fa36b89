import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createFakeClock } from '../testing/fake-clock.ts';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import { answers, asked, at, get, refused, serveHere } from './source-rig.ts';

guardAgainstLeaks();

describe('waiting for a source', () => {
  serveHere();
  const silent = () => new Promise<never>(() => {});

  it('ends after 10 s without a connection', async () => {
    const clock = createFakeClock();
    const getting = refused(
      get(at('/image'), { clock, lookup: silent }),
      'source_unavailable',
      /not reached within 10 s/,
    );
    await clock.advance(10_000);
    await getting;
    assert.equal(clock.sleepers, 0);
  });

  it('ends after 10 s more without an answer', async () => {
    const clock = createFakeClock();
    const reached = new Promise<void>((resolve) => {
      answers['/silent'] = () => resolve();
    });
    const getting = refused(get(at('/silent'), { clock }), 'source_unavailable', /did not answer within 10 s/);
    await reached;
    await clock.advance(10_000);
    await getting;
    assert.equal(clock.sleepers, 0);
  });

  it('ends after 60 s in all, though something comes all the time', async () => {
    const clock = createFakeClock();
    const reached = new Promise<void>((resolve) => {
      answers['/slow'] = (_, response) => response.write('x', () => resolve());
    });
    const getting = refused(get(at('/slow'), { clock }), 'source_unavailable', /within 60 s/);
    await reached;
    // The answer has begun as soon as only the limit on the whole is left.
    while (clock.sleepers > 1) await new Promise(setImmediate);
    await clock.advance(59_999);
    assert.equal(clock.sleepers, 1);
    await clock.advance(1);
    await getting;
  });

  it('ends with the reason of whoever gives up, at once and in the middle', async () => {
    await assert.rejects(get(at('/image'), { signal: AbortSignal.abort(new Error('enough')) }), {
      message: 'enough',
    });
    assert.deepEqual(asked, []);
    const stop = new AbortController();
    answers['/slow'] = (_, response) => response.write('x', () => stop.abort(new Error('enough')));
    await assert.rejects(get(at('/slow'), { signal: stop.signal }), { message: 'enough' });
    await assert.rejects(get(at('/image'), { signal: stop.signal, lookup: silent }), { message: 'enough' });
  });
});
