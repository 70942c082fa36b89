import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MANIFEST } from '#functions/manifest.ts';
import { loadConfig } from '#shared/config.ts';
import type { RecentInvocation } from '#shared/telemetry/recent.ts';
import { durationText, relativeTime } from './browser/relative-time.js';
import type { Overview, Told } from './overview.ts';
import { createPace, hasFailed } from './pace.ts';
import { signInPage } from './page.ts';
import { fingerprints, PANELS, render } from './panels.ts';
import { overviewOf } from './testing.ts';
import { traceLink } from './trace-link.ts';
import { msText } from './words.ts';

const NOW = '2026-01-01T00:00:00.000Z';
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';

const show = (overview: Overview) =>
  render(
    overview,
    'http://localhost:8080',
    PANELS.map(({ id }) => id),
  );

const request = (given: Partial<Told> = {}): Told => ({
  at: Date.parse(NOW) - 3_000,
  kind: 'request',
  function: 'links',
  name: 'GET /v1/domains/:host',
  route: '/v1/domains/:host',
  status: 200,
  outcome: 'ok',
  ms: 1.25,
  requestId: 'r-1',
  ...given,
});

describe("the console's panels", () => {
  it('make no markup of anything they show', async () => {
    const evil = `<img src=x onerror=alert(1)>"'</script>&`;
    const one = request({
      ...{ function: evil, name: evil, outcome: evil, requestId: evil, traceId: evil, error: evil },
      trace: 'https://traces.example/"><script>',
    });
    const { status: _, ...event } = { ...one, kind: 'event' as const };
    const texts = await show(
      overviewOf({
        invocations: [one, event],
        failures: [one, event],
        readiness: { value: [{ name: evil, must: true, ready: false, reason: evil, goodAt: evil }] },
        queue: { value: [{ subscription: evil, waiting: 1, dead: 1, here: false, oldest: NOW }] },
        leases: {
          value: [
            {
              ...{ name: evil, leads: 'elsewhere', holder: evil, since: evil, note: evil, why: evil },
              ...{ term: 1, token: 2, renewals: 3 },
            },
          ],
        },
        schedules: {
          value: [{ name: evil, cron: evil, timeZone: evil, next: NOW, last: { firing: evil, state: evil, at: evil } }],
          trouble: evil,
        },
        runs: {
          value: [
            { id: evil, target: evil, command: evil, state: 'failed', done: 0, planned: 2, at: evil, error: evil },
          ],
        },
        bus: { value: { mode: 'live', breaker: evil } },
      }),
    );
    for (const [id, text] of Object.entries(texts)) {
      assert.doesNotMatch(text, /<img|<script|<\/script/, id);
      // Nothing leaves an attribute either.
      assert.doesNotMatch(text, /="[^"]*"'/, id);
    }
    assert.match(texts['requests'] ?? '', /&lt;img src=x/);
  });

  it('say what would be there, and how to make it, while there is nothing', async () => {
    const texts = await show(overviewOf({ runs: { value: [] }, bus: { value: { mode: 'demo' } }, queue: {} }));
    assert.match(texts['requests'] ?? '', /curl -i http:\/\/go\.localhost:8080\/hi/);
    assert.match(texts['runs'] ?? '', /http:\/\/localhost:8080\/migrations\/v1\/targets\/sample\/runs/);
    assert.match(texts['bus'] ?? '', /LTA_ACCOUNT_KEY/);
    assert.match(texts['queue'] ?? '', /Being read/);
    for (const text of Object.values(texts)) assert.ok(text.length > 0);
  });

  it('say in one line that all is ready, and make much of what is not, with why and since when', async () => {
    const calm = (await show(overviewOf({})))['readiness'] ?? '';
    assert.match(calm, />Ready<\/span>: store, queue</);
    assert.doesNotMatch(calm, /unready|<table/);
    const lta = { name: 'LTA', must: false, ready: false, reason: 'it refuses the key' };
    const queue = { name: 'queue', must: true, ready: true };
    const useful = (await show(overviewOf({ readiness: { value: [queue, lta] } })))['readiness'] ?? '';
    assert.match(useful, /Ready<\/span>: queue<[\s\S]*it refuses the key[\s\S]*never/);
    assert.doesNotMatch(useful, /unready/, 'what is served from memory is better than nothing');
    const store = { name: 'store', must: true, ready: false, reason: 'the disk is gone', goodAt: NOW };
    const bad = (await show(overviewOf({ readiness: { value: [store, queue] } })))['readiness'] ?? '';
    assert.match(bad, /class="unready"[\s\S]*class="bad"[\s\S]*the disk is gone[\s\S]*<time/);
  });

  it('name the command for dead letters, and show no zeros for what only Cloud Monitoring knows', async () => {
    const here = await show(
      overviewOf({ queue: { value: [{ subscription: 'clicks', waiting: 0, dead: 3, here: true }] } }),
    );
    assert.match(here['queue'] ?? '', /npm run queue -- dlq ls clicks/);
    assert.match(here['queue'] ?? '', /npm run queue -- dlq redrive clicks --all/);
    const cloud = await show(overviewOf({ queue: { value: 'pubsub' } }));
    assert.match(cloud['queue'] ?? '', /Cloud Monitoring/);
    assert.doesNotMatch(cloud['queue'] ?? '', /<table/);
  });

  it('tell the calls that may be made at once apart from those of a minute, of which they are a quarter', async () => {
    const { bus } = await show(
      overviewOf({ bus: { value: { mode: 'live', callsLeft: 60, callsPerMinute: 240, breaker: 'closed' } } }),
    );
    assert.match(bus ?? '', />60 now, 240 a minute</);
  });

  it('keep what was known beside why it is not known better', async () => {
    const texts = await show(
      overviewOf({
        queue: { value: [{ subscription: 'clicks', waiting: 7, dead: 0, here: true }], trouble: 'the disk is gone' },
      }),
    );
    assert.match(texts['queue'] ?? '', /the disk is gone[\s\S]*clicks/);
  });

  it('link to a recorded trace, and name the ids of one that is not', async () => {
    const recorded = request({ status: 500, traceId: TRACE, sampled: true, trace: `https://jaeger.example/${TRACE}` });
    const failures = [recorded, request({ requestId: 'r-2', traceId: TRACE, sampled: false })];
    const { failures: text = '' } = await show(overviewOf({ failures }));
    assert.match(text, new RegExp(`<a href="https://jaeger\\.example/${TRACE}"`));
    assert.match(text, new RegExp(`<code>${TRACE}</code> \\(not recorded here\\)`));
    assert.match(text, /request <code>r-2<\/code>/);
  });

  it('say how often what failed did, and name links and what is nowhere by their address', async () => {
    const failed = { status: 503, outcome: 'failed', code: 'unavailable' };
    const { failures = '', requests = '' } = await show(
      overviewOf({
        failures: [request({ ...failed, times: 4_004 }), request({ ...failed, name: 'GET /once', times: 1 })],
        invocations: [
          request({ function: 'redirects', name: 'GET', address: 'go.example/sale', status: 404 }),
          request({ function: 'hawker', name: 'GET -', address: '/wp-login.php', status: 404 }),
        ],
      }),
    );
    assert.match(failures, /4,004 times, 1\.3 ms/);
    assert.equal(failures.split(' times').length, 2);
    assert.match(requests, /<code>GET go\.example\/sale<\/code>/);
    assert.match(requests, /<code>GET \/wp-login\.php<\/code>/);
  });

  it('are the same while their data is, however much time passes', () => {
    const earlier = fingerprints(overviewOf({ invocations: [request()] }));
    const later = fingerprints(overviewOf({ invocations: [request()], now: '2026-01-01T01:00:00.000Z' }));
    assert.deepEqual(earlier, later);
    assert.equal(earlier.has('bus'), false, 'what is not here has no panel');
  });
});

describe('the list of functions', () => {
  it('shows as code what stands between backticks, and nothing of it as markup', async () => {
    const [row = assert.fail()] = MANIFEST;
    const rows = [{ ...row, summary: 'Begins an `up` of <b>' }];
    const text = String(await signInPage({ rows, basePath: '', address: 'http://localhost:8080' }, undefined));
    assert.match(text, /<p>Begins an <code>up<\/code> of &lt;b&gt;\. <small>/);
  });
});

describe('where a trace can be looked at', () => {
  it('is where the setting says; on Google, where traces are sent there, the explorer; else nowhere', () => {
    const at = (env: Record<string, string>) => traceLink(loadConfig(env), TRACE);
    const google = {
      OTEL_EXPORTER_OTLP_ENDPOINT: 'https://telemetry.googleapis.com',
      GOOGLE_CLOUD_PROJECT: 'hawker-1',
    };
    assert.equal(at({}), undefined);
    assert.equal(
      at({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:4318', GOOGLE_CLOUD_PROJECT: 'hawker-1' }),
      undefined,
    );
    assert.equal(at(google), `https://console.cloud.google.com/traces/explorer;traceId=${TRACE}?project=hawker-1`);
    const own = { ...google, HAWKER_TRACE_URL: 'https://jaeger.example/trace/{traceId}' };
    assert.equal(at(own), `https://jaeger.example/trace/${TRACE}`);
  });
});

describe('the last minute', () => {
  it('sets failed requests beside requests, and what failed besides apart, where something did', async () => {
    const pace = { ended: [9], failures: [8] };
    const figures = { requests: 4, failures: 1, otherFailures: 7, p50Ms: 1, p99Ms: 2, pace };
    const { minute = '' } = await show(overviewOf({ minute: figures }));
    assert.match(minute, /<dt>Failures<\/dt><dd>1<\/dd>/);
    assert.match(minute, /<dt>Failed events, firings<\/dt><dd>7<\/dd>/);
    assert.match(minute, /of the last [\d.]+ minutes: 9, .*; failures: 8/);
    assert.doesNotMatch((await show(overviewOf({})))['minute'] ?? '', /Failed events/);
  });
});

describe('the pace', () => {
  it('counts what ended and what failed in the ten seconds in which it did, and forgets those of ten minutes ago', () => {
    const pace = createPace();
    const at = Date.parse(NOW);
    const one = (ms: number, given: Partial<RecentInvocation> = {}) => pace.count({ ...request(given), at: at + ms });
    one(0);
    one(9_999, { status: 503 });
    one(10_000, { status: 404 });
    const { status: _, ...firing } = request({ kind: 'firing', outcome: 'failed', at: at + 10_000 });
    pace.count(firing);
    const { ended, failures } = pace.read(at + 10_000);
    assert.deepEqual([ended.length, ended.slice(-2), failures.slice(-2)], [60, [2, 2], [1, 1]]);
    assert.deepEqual(pace.read(at + 600_000).ended.slice(0, 2), [2, 0]);
    assert.ok(pace.read(at + 700_000).ended.every((count) => count === 0));
    one(600_000);
    assert.equal(pace.read(at + 600_000).ended.at(-1), 1, 'a slot that is used again begins at nothing');
  });

  it('takes a refusal for no failure', () => {
    assert.equal(hasFailed(request({ status: 404, outcome: 'refused', error: 'no' })), false);
    assert.equal(hasFailed(request({ status: 503, outcome: 'refused', error: 'no key is set' })), false);
    assert.equal(hasFailed(request({ status: 500 })), true);
  });
});

describe('times and figures', () => {
  it('are told in the largest unit that fits', () => {
    assert.deepEqual(
      [0, 999, -999, -1_000, 61_000, -3_600_000, 172_799_000, -172_800_000].map((ms) => relativeTime(ms)),
      ['now', 'now', 'now', '1 s ago', 'in 1 min', '1 h ago', 'in 47 h', '2 d ago'],
    );
    assert.equal(durationText(59_999), '59 s');
    assert.deepEqual([0.04, 9.96, 12.4, 1_234].map(msText), ['0.0 ms', '10.0 ms', '12 ms', '1.23 s']);
  });
});
