/** What is measured and traced of fetches from addresses that somebody else chose. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import { watchTelemetry } from '../testing/watched-telemetry.ts';
import { answers, asked, at, get, HOST, redirect, SECRET, serveHere } from './source-rig.ts';

guardAgainstLeaks();

describe('a public fetch', () => {
  serveHere();

  it('is one step, redirects included; only its span tells the host, nothing its address, and the source hears of no trace', async () => {
    using telemetry = await watchTelemetry();
    answers['/away'] = redirect(302, `/image?key=${SECRET}`);
    const line = await telemetry.invoke(async () => {
      await get(at(`/away?key=${SECRET}`));
      await get(at('/nothing'));
    });
    assert.equal(asked.length, 3);
    for (const { headers } of asked) assert.equal(headers['traceparent'], undefined);
    assert.equal(line['upstreamError'], 'web.fetch source_not_found');
    const [fetched] = telemetry.spans.filter(({ name }) => name === 'web.fetch');
    assert.deepEqual(fetched?.attributes, {
      'http.request.method': 'GET',
      'server.address': HOST,
      'http.response.status_code': 200,
    });
    assert.deepEqual(telemetry.series('hawker.upstream.duration'), {
      'web fetch': 1,
      'web fetch source_not_found': 1,
    });
    const told = JSON.stringify([line, telemetry.spans.map(({ attributes, status }) => [attributes, status])]);
    assert.ok(!told.includes(SECRET) && !told.includes('/image'), told);
  });
});
