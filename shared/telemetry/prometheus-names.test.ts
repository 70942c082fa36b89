import assert from 'node:assert/strict';
import { it } from 'node:test';
import { METRICS, type MetricSpec } from './metric-table.ts';
import { labelName, prometheusName, unitName } from './prometheus-names.ts';

it('names metrics in Prometheus as the rules of OpenTelemetry say', () => {
  const named = (name: keyof typeof METRICS) => prometheusName(name, METRICS[name]);
  assert.equal(named('http.server.request.duration'), 'http_server_request_duration_seconds');
  assert.equal(named('hawker.redirect.hits'), 'hawker_redirect_hits_total');
  assert.equal(named('process.cpu.time'), 'process_cpu_time_seconds_total');
  assert.equal(named('process.memory.usage'), 'process_memory_usage_bytes');
  assert.equal(named('hawker.queue.depth'), 'hawker_queue_depth');
  assert.equal(prometheusName('a.b-c..d', { kind: 'gauge', unit: '1' }), 'a_b_c_d_ratio');
  assert.equal(prometheusName('4xx', { kind: 'counter', unit: '1' }), '_4xx_total');
  assert.equal(prometheusName('age.seconds', { kind: 'gauge', unit: 's' }), 'age_seconds');
  assert.equal(labelName('hawker.outcome'), 'hawker_outcome');
});

it('gives every metric of the table a name of its own, and knows its unit', () => {
  const specs: [string, MetricSpec][] = Object.entries(METRICS);
  const names = specs.map(([name, spec]) => prometheusName(name, spec));
  assert.equal(new Set(names).size, names.length);
  for (const [name, spec] of specs) {
    assert.ok(/^\{\w+\}$/.test(spec.unit) || unitName(spec) !== '', `${name} has the unit ${spec.unit}`);
    const labels = Object.keys(spec.labels).map(labelName);
    assert.equal(new Set(labels).size, labels.length, name);
    for (const label of labels) assert.match(label, /^[a-z_][a-z0-9_]*$/, name);
    assert.ok(!labels.includes('le'), name);
  }
});
