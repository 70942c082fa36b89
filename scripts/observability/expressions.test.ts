/** What is asked of Prometheus and Cloud Monitoring is there: the series, their labels, and the values of those that are listed. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { promisify } from 'node:util';
import { stringify } from 'yaml';
import { METRICS, type MetricName } from '#shared/telemetry/metric-table.ts';
import { without } from '#shared/testing/promtool.ts';
import { makeFiles } from './files.ts';
import { seriesName } from './promql.ts';
import { askedIn } from './testing/asked.ts';
import { foreignSeries, knownSeries, unknownIn } from './testing/known.ts';
import { scan } from './testing/scan.ts';

const files = makeFiles();
const asked = askedIn(files);
const known = new Map([...knownSeries(), ...foreignSeries()]);
/** On Google Cloud nothing is recorded. */
const onGoogle = new Map([...known].filter(([name]) => !name.startsWith('hawker:')));

describe('every expression', () => {
  it('is found, in each kind of file', () => {
    for (const start of [
      'prometheus/rules',
      'grafana/dashboards/',
      'grafana/prov',
      'google/dash',
      'google/pol',
      'runbooks',
    ])
      assert.ok(
        asked.some(({ where }) => where.startsWith(start)),
        start,
      );
    const panels = [...files].flatMap(([path, text]) =>
      path.includes('dashboards/') ? (text.match(/"expr": /g) ?? []) : [],
    );
    const ours = asked.filter(({ where }) => where.startsWith('grafana/dashboards/'));
    // Each page has one more, of Loki.
    const pages = new Set(ours.map(({ where }) => where.split(':')[0])).size;
    assert.equal(ours.length, panels.length - pages);
  });

  it('asks for series, labels and values that there are', () => {
    const wrong = asked.flatMap(({ where, expr }) =>
      unknownIn(expr, where.startsWith('google/') ? onGoogle : known).map((what) => `${where}: ${what}`),
    );
    assert.deepEqual(wrong, []);
  });

  it('of a chart names its lines by labels that they have', () => {
    const wrong = asked.flatMap(({ where, expr, legend = '' }) => {
      const { grouped } = scan(expr);
      return [...legend.matchAll(/\{\{(\w+)\}\}/g)].flatMap(([, label = '']) =>
        grouped.includes(label) ? [] : `${where}: ${label}`,
      );
    });
    assert.deepEqual(wrong, []);
  });

  it('is PromQL', { skip: without('promtool') ?? false }, async () => {
    const filled = asked.map(({ expr }) =>
      expr.replaceAll(/\$__rate_interval|\$\{__interval\}/g, '5m').replaceAll('$job', '.+'),
    );
    const rules = [...new Set(filled)].map((expr, index) => ({ record: `check:expression:n${index}`, expr }));
    const folder = await mkdtemp(join(tmpdir(), 'hawker-promql-'));
    try {
      const file = join(folder, 'rules.yaml');
      await writeFile(file, stringify({ groups: [{ name: 'all', rules }] }));
      const { stdout } = await promisify(execFile)('promtool', ['check', 'rules', file], { timeout: 60_000 });
      assert.match(stdout, new RegExp(`SUCCESS: ${rules.length} rules found`));
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it('together leave out no metric of the table', () => {
    const charts = asked.filter(({ where }) => where.startsWith('grafana/dashboards/'));
    const names = new Set(charts.flatMap(({ expr }) => scan(expr).selectors.map(({ name }) => name)));
    const missing = (Object.keys(METRICS) as MetricName[]).filter((name) => {
      const series = seriesName(name);
      return !['', '_bucket', '_count', '_sum'].some((part) => names.has(series + part));
    });
    // The recorded 99 % and shares stand for nothing that is not charted itself.
    assert.deepEqual(missing, []);
  });
});

describe('the scanner', () => {
  const wrong = (expr: string) => unknownIn(expr, known);

  it('finds a series, a label and a value that there are not', () => {
    assert.deepEqual(wrong('sum(rate(hawker_redirect_hit_total[5m]))'), [
      'there is no series hawker_redirect_hit_total',
    ]);
    assert.deepEqual(wrong('hawker_redirect_hits_total{label="human"}'), [
      'hawker_redirect_hits_total has no label label',
    ]);
    assert.deepEqual(wrong('hawker_redirect_hits_total{hawker_label=~"human|robot"}'), [
      'hawker_label of hawker_redirect_hits_total is never robot',
    ]);
    assert.deepEqual(wrong('max by (faas_name, hawker_lease) (hawker_lease_leading)'), [
      'nothing in it has the label faas_name',
    ]);
    assert.deepEqual(
      wrong('messaging_process_duration_seconds_count{messaging_destination_subscription_name="click"}'),
      ['messaging_destination_subscription_name of messaging_process_duration_seconds_count is never click'],
    );
    assert.deepEqual(wrong('hawker_redirect_duration_seconds > 1'), [
      'there is no series hawker_redirect_duration_seconds',
    ]);
  });

  it('is not led astray by functions, windows, numbers, texts and words', () => {
    const expr =
      'time() - max by (faas_name) (max_over_time(hawker_schedule_last_success_seconds{faas_name=~"bus-sync|outbox-relay"}[1d])) > 2 * 3600' +
      ' unless on (faas_name) hawker:request_errors:ratio_rate5m offset 5m >= bool 1e3 or absent(up{job="sum by (x)"})';
    assert.deepEqual(
      scan(expr).selectors.map(({ name }) => name),
      ['hawker_schedule_last_success_seconds', 'hawker:request_errors:ratio_rate5m', 'up'],
    );
    assert.deepEqual(wrong(expr), []);
  });

  it('refuses what it cannot read', () => {
    assert.throws(() => scan('{__name__="up"}'), /without a name/);
    assert.throws(() => scan('up{job "x"}'), /not understood/);
  });
});
