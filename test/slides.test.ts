/** The whole way of an image: a request over a socket, the queue, Google's fetcher at `slides-images`, the deck, and back again. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { it, type TestContext } from 'node:test';
import type { Event } from '#shared/events/event.ts';
import { fetchListener } from '#shared/serve/fetch-listener.ts';
import { ADMIN_KEY } from '#shared/testing/api-client.ts';
import { png } from '#shared/testing/google/pictures.ts';
import { image, shape } from '#shared/testing/google/slides-elements.ts';
import { guardAgainstLeaks } from '#shared/testing/leak-guard.ts';
import { startRig } from '../functions/slides/testing.ts';
import images from '../functions/slides-images/index.ts';
import createJobs from '../functions/slides-jobs/index.ts';

guardAgainstLeaks();

const BOX = { x: 1_000_000, y: 1_000_000, width: 2_000_000, height: 1_000_000 };
const OLD = png(20, 10, 9);
const deck = () => ({
  slides: [
    {
      objectId: 'slide_one',
      elements: [
        shape({ objectId: 'logo_shape', ...BOX, text: '{{logo}}' }),
        image({ objectId: 'old_image', ...BOX, y: 3_000_000, bytes: OLD, title: 'chart' }),
        shape({ objectId: 'over_them', ...BOX, text: 'over' }),
      ],
    },
  ],
});
const ASKED = {
  images: [
    { source: { part: 'photo' }, page: 1, altText: 'A photo' },
    { source: { part: 'photo' }, tag: 'logo', decorative: true },
    { source: { part: 'chart' }, replace: { altText: 'chart' } },
  ],
  keepReplaced: true,
};

async function begin(t: TestContext) {
  const rig = await startRig(t, process.env, { images, prefix: '' });
  const server = createServer(fetchListener(rig.fetch));
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const jobs = await createJobs(rig.runtime);
  assert.ok(jobs.kind === 'message');
  return {
    ...rig,
    id: rig.google.slides.addDeck(deck()),
    async post(path: string, body?: FormData, headers: Record<string, string> = {}) {
      const all = { Authorization: `Bearer ${ADMIN_KEY}`, Connection: 'close', ...headers };
      const answer = await fetch(`${base}${path}`, { method: 'POST', headers: all, ...(body && { body }) });
      return {
        status: answer.status,
        body: (await answer.json()) as ReturnType<typeof JSON.parse>,
        headers: answer.headers,
      };
    },
    async deliver() {
      const { signal } = new AbortController();
      for (const event of rig.published.splice(0))
        await jobs.handle({ attributes: {}, delivery: {}, ...event } as Event, { signal });
    },
  };
}

function form(asked: object = ASKED): FormData {
  const made = new FormData();
  made.append('request', new Blob([JSON.stringify(asked)], { type: 'application/json' }), 'request.json');
  made.append('photo', new Blob([png(40, 30, 77)]), 'photo.png');
  made.append('chart', new Blob([png(10, 20, 50)]), 'chart.png');
  return made;
}

type Rig = Awaited<ReturnType<typeof begin>>;

/** That the deck is as it was, and nothing of it is anywhere else. */
async function assertUndone({ google, id, blobs, store }: Rig) {
  assert.deepEqual(google.slides.elementIds(id, 'slide_one'), ['logo_shape', 'old_image', 'over_them']);
  assert.deepEqual(google.slides.imageBytes('old_image'), OLD);
  assert.deepEqual(google.slides.seen(id, 'logo_shape'), google.slides.seen(id, 'over_them'));
  assert.deepEqual([await blobs(), (await store.list('slides-grants', { limit: 9 })).docs], [[], []]);
  assert.deepEqual(google.forbidden(), []);
}

it('puts the files of a form into a deck, and takes them back', async (t) => {
  const rig = await begin(t);
  const { status, body } = await rig.post(`/v1/presentations/${rig.id}/images`, form());
  assert.equal(status, 200, JSON.stringify(body));
  assert.deepEqual([body.state, body.writes], ['done', 1]);
  assert.notDeepEqual(rig.google.slides.imageBytes('old_image'), OLD);
  assert.equal((await rig.blobs()).length, 1, 'what was replaced, and nothing else');
  for (const { url, status: fetched } of rig.google.slides.fetches) {
    assert.equal(fetched, 200);
    const dead = await fetch(url, { headers: { Connection: 'close' } });
    await dead.body?.cancel();
    assert.equal(dead.status, 404);
  }

  const undone = await rig.post(`/v1/jobs/${body.job.id}/undo`);
  assert.deepEqual(
    undone.body.objects.map(({ index, action }: Record<string, unknown>) => [index, action]),
    [
      [0, 'deleted'],
      [1, 'deleted'],
      [1, 'restored'],
      [2, 'restored'],
    ],
  );
  await assertUndone(rig);
});

it('does the same from the queue, once, however often the event comes', async (t) => {
  const rig = await begin(t);
  const { status, body, headers } = await rig.post(`/v1/presentations/${rig.id}/jobs`, form());
  assert.deepEqual([status, headers.get('location')], [202, `/v1/jobs/${body.id}`]);
  rig.published.push(...rig.published);
  await rig.deliver();
  const told = await rig.ask(`GET /v1/jobs/${body.id}`);
  assert.deepEqual([told.body.state, told.body.writes, told.body.undo.possible], ['done', 1, true]);
  assert.ok(told.body.undo.restoresUntil);
  assert.equal(rig.google.slides.batches.length, 1);
  assert.equal((await rig.post(`/v1/jobs/${body.id}/undo`)).status, 200);
  await assertUndone(rig);
  rig.published.push({
    id: body.id,
    source: '/slides',
    type: 'slides.job',
    time: told.body.createdAt,
    data: { job: body.id },
  });
  await rig.deliver();
  await assertUndone(rig);
});

it('is not troubled by a fetcher that asks twice, or for the headers first, nor by answers that are lost', async (t) => {
  const rig = await begin(t);
  rig.google.slides.behave({ headFirst: true, abortFirst: true });
  const lost = rig.google.fail({ kind: 'lost answer', path: /:batchUpdate$/, times: 1 });
  const { status, body } = await rig.post(`/v1/presentations/${rig.id}/images`, form());
  assert.equal(status, 200, JSON.stringify(body));
  lost();
  assert.equal(rig.google.slides.batches.length, 1);
  rig.google.fail({ kind: 'lost answer', path: /:batchUpdate$/, times: 1 });
  const undone = await rig.post(`/v1/jobs/${body.job.id}/undo`);
  assert.equal(undone.status, 200, JSON.stringify(undone.body));
  assert.equal(rig.google.slides.batches.length, 2);
  await assertUndone(rig);
});
