import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MANIFEST } from '#functions/manifest.ts';
import { UsageError } from '../command/usage.ts';
import { explain } from './explain.ts';
import type { Asked } from './kubernetes/asked.ts';
import type { KubernetesObject } from './kubernetes/object.ts';
import { ASKED, KNATIVE, SINGLE } from './kubernetes/testing.ts';
import { manifests, objectsOf } from './manifests.ts';
import { planOf } from './plan.ts';
import { checkFile } from './read-options.ts';
import { secretsOf, settingsOf } from './service-settings.ts';
import { OPTIONS } from './testing.ts';

const GOOGLE = 'https://telemetry.googleapis.com';
const telling = (settings: Record<string, Record<string, string>>) => ({ ...OPTIONS, settings });
const [bus, redirects] = ['bus', 'redirects'].map((name) => MANIFEST.find((row) => row.name === name)) as [
  (typeof MANIFEST)[number],
  (typeof MANIFEST)[number],
];

describe('settings of telemetry in a deployment', () => {
  it('reach every function, though no row names them, and one of a function alone goes to it alone', () => {
    const options = telling({
      '*': { OTEL_EXPORTER_OTLP_ENDPOINT: 'https://otlp.example', HAWKER_TRACE_RATE: '5' },
      bus: { HAWKER_TRACE_RATE: '1' },
    });
    for (const row of MANIFEST)
      assert.equal(settingsOf(row, options)['OTEL_EXPORTER_OTLP_ENDPOINT'], 'https://otlp.example', row.name);
    assert.deepEqual(
      [bus, redirects].map((row) => settingsOf(row, options)['HAWKER_TRACE_RATE']),
      ['1', '5'],
    );
  });

  it('say where a function runs, without which Google takes no metrics, unless the file says it otherwise', () => {
    const attributes = (own: Record<string, string>) =>
      settingsOf(bus, telling({ '*': own }))['OTEL_RESOURCE_ATTRIBUTES'];
    const endpoint = { OTEL_EXPORTER_OTLP_ENDPOINT: GOOGLE };
    assert.equal(attributes(endpoint), `cloud.region=${OPTIONS.region}`);
    assert.equal(attributes({ ...endpoint, OTEL_RESOURCE_ATTRIBUTES: 'cloud.region=x' }), 'cloud.region=x');
    assert.equal(attributes({}), undefined);
  });

  it("need Google's API and two roles of each account where Google itself is told, and nothing where it is not", () => {
    const ids = (settings: Record<string, Record<string, string>>) =>
      planOf(MANIFEST, telling(settings)).map(({ id }) => id);
    const added = ids({ '*': { OTEL_EXPORTER_OTLP_ENDPOINT: GOOGLE } });
    assert.ok(added.includes('api/telemetry.googleapis.com'));
    for (const { name } of MANIFEST)
      for (const role of ['telemetry.tracesWriter', 'monitoring.metricWriter'])
        assert.ok(added.includes(`role/${name}/${role}`), `${name} ${role}`);
    const plain = ids({});
    assert.deepEqual(ids({ '*': { OTEL_EXPORTER_OTLP_ENDPOINT: 'https://telemetry.googleapis.com.example' } }), plain);
    assert.ok(!plain.some((id) => /telemetry|monitoring/.test(id)));
    const one = ids({ bus: { OTEL_EXPORTER_OTLP_ENDPOINT: GOOGLE } });
    assert.deepEqual(
      one.filter((id) => !plain.includes(id)).sort(),
      ['api/telemetry.googleapis.com', 'role/bus/monitoring.metricWriter', 'role/bus/telemetry.tracesWriter'].sort(),
    );
    const { rights } = explain(bus, telling({ bus: { OTEL_EXPORTER_OTLP_ENDPOINT: GOOGLE } }));
    assert.ok(rights.some(({ why }) => /hands its traces to Google/.test(why)));
  });

  it('have their secrets kept as secrets, for all functions, where the file asks for them', () => {
    const secrets = checkFile({ secrets: ['HAWKER_DEBUG_KEY', 'OTEL_EXPORTER_OTLP_HEADERS'] }).secrets;
    const options = { ...OPTIONS, secrets };
    const plan = planOf(MANIFEST, options, { HAWKER_DEBUG_KEY: 'a'.repeat(32) });
    const ids = plan.map(({ id }) => id);
    for (const name of ['hawker-debug-key', 'hawker-otel-exporter-otlp-headers'])
      for (const id of [`secret/${name}`, `secret-value/${name}`]) assert.ok(ids.includes(id), id);
    for (const row of MANIFEST) {
      assert.equal(secretsOf(row, options)['HAWKER_DEBUG_KEY'], 'hawker-debug-key');
      assert.ok(ids.includes(`role/${row.name}/secretmanager.secretAccessor/hawker-debug-key`));
    }
    assert.ok(!JSON.stringify(plan).includes('a'.repeat(32)), 'a value goes to gcloud by its standard input alone');
    assert.ok(!planOf(MANIFEST, OPTIONS).some(({ id }) => id.includes('debug-key')));
  });

  it('are refused where they are none, and as text where they are secrets', () => {
    const told = (given: unknown) => {
      assert.throws(() => checkFile(given), UsageError);
      try {
        checkFile(given);
      } catch (error) {
        return (error as Error).message;
      }
      return '';
    };
    assert.match(told({ secrets: ['LTA_ACCOUNT_KEY'] }), /secrets\.0: must be one of HAWKER_DEBUG_KEY/);
    assert.match(told({ settings: { '*': { HAWKER_DEBUG_KEY: 'x' } } }), /is a secret/);
    assert.match(told({ settings: { '*': { OTEL_EXPORTER_OTLP_ENDPOINT: 'here' } } }), /OTEL_EXPORTER_OTLP_ENDPOINT/);
    assert.match(told({ settings: { bus: { OTEL_EXPORTER: 'x' } } }), /no setting OTEL_EXPORTER/);
  });
});

interface Pod {
  metadata?: { annotations?: Record<string, string> };
  spec: { containers: { ports?: object[]; env: { name: string }[]; [probe: string]: unknown }[] };
}

describe('the second port in a cluster', () => {
  const OPS = { '*': { ...ASKED.settings['*'], HAWKER_OPS_PORT: '9464' } };
  const podIn = (asked: Asked, kind: string, name: string): Pod => {
    const object = objectsOf(asked).find((one) => one.kind === kind && one.metadata.name === name);
    return (object as KubernetesObject & { spec: { template: Pod } }).spec.template;
  };
  const probes = ({ spec }: Pod) =>
    ['readinessProbe', 'livenessProbe'].map((probe) => {
      const container = spec.containers[0] ?? assert.fail('there is no container');
      const { httpGet, tcpSocket } = container[probe] as {
        httpGet?: { path: string; port: number };
        tcpSocket?: { port: number };
      };
      return httpGet ? `${httpGet.port}${httpGet.path}` : `${tcpSocket?.port}`;
    });

  it('is named, probed and found by Prometheus, and open to pods alone', () => {
    const asked = { ...ASKED, settings: OPS };
    for (const [name, readiness] of [
      ['links', '9464/readyz'],
      ['clicks', '9464/readyz'],
      ['redirects', '8080/_healthz'],
    ] as const) {
      const pod = podIn(asked, 'Deployment', name);
      assert.deepEqual(pod.spec.containers[0]?.ports?.at(-1), { name: 'ops', containerPort: 9464 });
      assert.deepEqual(probes(pod), [readiness, '9464/healthz'], name);
      assert.deepEqual(pod.metadata?.annotations, {
        'prometheus.io/scrape': 'true',
        'prometheus.io/port': '9464',
        'prometheus.io/path': '/metrics',
      });
      const policy = objectsOf(asked).find((one) => one.kind === 'NetworkPolicy' && one.metadata.name === name);
      const { ingress } = (policy as KubernetesObject & { spec: { ingress: object[] } }).spec;
      const open = { from: [{ namespaceSelector: {} }], ports: [{ protocol: 'TCP', port: 9464 }] };
      assert.deepEqual(ingress.at(-1), open);
    }
    const all = podIn({ ...SINGLE, settings: OPS }, 'StatefulSet', 'hawker');
    assert.deepEqual(probes(all), ['9464/readyz', '9464/healthz']);
  });

  it('is not there without the setting: the first port is asked whether it is ready', () => {
    assert.deepEqual(probes(podIn(ASKED, 'Deployment', 'links')), ['8080/readyz', '8080']);
    assert.deepEqual(probes(podIn(ASKED, 'Deployment', 'clicks')), ['8080/readyz', '8080']);
    assert.deepEqual(probes(podIn(SINGLE, 'StatefulSet', 'hawker')), ['8080/readyz', '8080']);
    for (const asked of [ASKED, SINGLE, KNATIVE]) assert.doesNotMatch(manifests(asked), /prometheus|name: ops/);
  });

  it('is probed nowhere on Knative, which lets a container have one port', () => {
    const pod = podIn({ ...KNATIVE, settings: OPS }, 'Service', 'links');
    assert.equal(pod.spec.containers[0]?.ports?.length, 1);
    assert.deepEqual(probes(pod), ['8080/readyz', '8080']);
  });

  it('goes with a way out to the collector and to Pyroscope, wherever they are', () => {
    const settings = {
      '*': {
        OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector.monitoring:4318',
        PYROSCOPE_SERVER_ADDRESS: 'http://pyroscope.monitoring:4040',
      },
    };
    for (const [asked, name] of [
      [{ ...ASKED, settings }, 'bus-sync'],
      [{ ...SINGLE, settings }, 'hawker'],
    ] as const) {
      const policy = objectsOf(asked).find((one) => one.kind === 'NetworkPolicy' && one.metadata.name === name);
      const { egress } = (policy as KubernetesObject & { spec: { egress: { ports: { port: number }[] }[] } }).spec;
      const ports = egress.flatMap((rule) => rule.ports.map(({ port }) => port));
      assert.ok(ports.includes(4318) && ports.includes(4040), `${name}: ${ports.join(', ')}`);
    }
    const env = podIn({ ...ASKED, settings, secrets: ['HAWKER_DEBUG_KEY'] }, 'Deployment', 'links').spec.containers[0]
      ?.env;
    const names = env?.map(({ name }) => name);
    for (const name of ['OTEL_EXPORTER_OTLP_ENDPOINT', 'PYROSCOPE_SERVER_ADDRESS', 'HAWKER_DEBUG_KEY'])
      assert.ok(names?.includes(name), name);
  });
});
