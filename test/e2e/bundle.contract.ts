/** What people do with Hawker, one story for each part of it, over real HTTP: the same on one process and one file, and on the built functions apart in a cloud of emulators. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { aCity, stopCode } from '#shared/testing/datamall-rows.ts';
import { startFakeLta } from '#shared/testing/fake-lta.ts';
import { arrivalBody } from '#shared/testing/fake-lta-replies.ts';
import { startFakeGoogle } from '#shared/testing/google/start.ts';
import type { Place, StartPlace } from '../support/bundle.ts';
import { until } from '../support/hawker.ts';
import { postImages, SVG, sourceUrls, statusOf, writes } from '../support/slides.ts';

const STOP = stopCode(3);
const BUCKET = 'hawker-e2e-bundle';
const files = { logo: Buffer.from(SVG) };
const images = [{ source: { part: 'logo' }, page: 1, altText: 'Our logo' }];

/** Where a schedule is called it is over when it has answered, also the second time. */
const fire = async (place: Place, name: string) => {
  for (const status of await place.fire(name)) assert.equal(status, 204, name);
};

export function bundleContract(name: string, start: StartPlace, skip: string | false = false): void {
  describe(`the bundle on ${name}`, { skip }, () => {
    it('fetches the lists of bus stops by a schedule, tells the next buses at one of them, and who led the schedule', async () => {
      await using lta = await startFakeLta();
      const { stops, services, routes } = aCity();
      lta.setSet('BusStops', stops);
      lta.setSet('BusServices', services);
      lta.setSet('BusRoutes', routes);
      lta.setArrivals(STOP, (now: number) =>
        arrivalBody(STOP, [{ service: '1', etas: [{ eta: now + 220_000, destination: stopCode(9) }] }]),
      );
      const env = { LTA_BASE_URL: lta.url, LTA_ACCOUNT_KEY: lta.key };
      await using place = await start({ only: ['bus', 'bus-sync', 'leases'], env });
      await fire(place, 'bus-sync');
      const found = await until(
        async () =>
          (await place.ask('/bus/v2/stops?q=blk%203')).json<{
            items: { code: string }[];
            meta: { lists: { source: string } };
          }>(),
        ({ meta }) => meta.lists.source === 'datamall',
        40_000,
      );
      assert.ok(found.items.some(({ code }) => code === STOP));
      const compact = await place.ask(`/api/lta-datamall/v1/bus-arrival?bus-stop-id=${STOP}`, { anonymous: true });
      assert.match(compact.text, /"service_no":"1","next_bus":3,/);
      assert.match((await place.ask(`/bus/stops/${STOP}`, { anonymous: true })).text, /<html/);
      const lease = '/leases/v1/schedule.bus-sync';
      assert.ok((await place.ask(lease)).json<{ token: number }>().token > 0);
      const breaking = { method: 'POST', body: { reason: 'a test' }, anonymous: true };
      assert.equal((await place.ask(`${lease}/break`, breaking)).status, 401);
    });

    it('puts a private image into a deck, at once and by a job, and nobody can read it afterwards', async () => {
      await using google = await startFakeGoogle();
      google.storage.objects.addBucket(BUCKET);
      const env = { ...google.env, HAWKER_BUCKET: BUCKET };
      const only = ['redirects', 'slides', 'slides-images', 'slides-jobs', 'slides-sweep'];
      await using place = await start({ only, env });
      const posting = { base: `http://127.0.0.1:${place.port}/slides`, deck: google.slides.addDeck(), images, files };
      const { status, body } = await postImages(posting);
      assert.deepEqual([status, body.state, body.images[0].addressDead], [200, 'done', true], JSON.stringify(body));
      const queued = await postImages({ ...posting, to: 'jobs' });
      assert.equal(queued.status, 202, JSON.stringify(queued.body));
      const job = await until(
        async () =>
          (await place.ask(`/slides/v1/jobs/${queued.body.id}`)).json<{ state: string; images: { state: string }[] }>(),
        ({ state }) => state !== 'queued' && state !== 'running',
        20_000,
      );
      assert.deepEqual([job.state, job.images[0]?.state], ['done', 'verified']);
      assert.equal(writes(google), 2);
      const addresses = sourceUrls(google, posting.deck);
      assert.equal(addresses.length, 2);
      for (const address of addresses) assert.equal(await statusOf(address), 404);
      await fire(place, 'slides-sweep');
      assert.deepEqual(google.storage.objects.names(BUCKET), []);
      assert.deepEqual(google.forbidden(), []);
    });

    it('migrates a database by a message, once, and tells how', async () => {
      await using place = await start({ only: ['migrations', 'migration-runs', 'migration-schedule'] });
      const run = async () => {
        const asked = await place.ask('/migrations/v1/targets/sample/runs', {
          method: 'POST',
          body: { command: 'up' },
        });
        assert.equal(asked.status, 202, asked.text);
        const { id } = asked.json<{ id: string }>();
        return until(
          async () => (await place.ask(`/migrations/v1/runs/${id}`)).json<{ state: string; changed: boolean }>(),
          ({ state }) => state === 'done' || state === 'failed',
          30_000,
        );
      };
      const first = await run();
      assert.deepEqual([first.state, first.changed], ['done', true]);
      const second = await run();
      assert.deepEqual([second.state, second.changed], ['done', false]);
      const told = (await place.ask('/migrations/v1/targets/sample')).json<{ version: string; pending: number }>();
      assert.deepEqual([told.version, told.pending], ['4', 0]);
      await fire(place, 'migration-schedule');
    });
  });
}
