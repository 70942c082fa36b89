/** What each function's code touches is what its row says, and its row says nothing that its code has no use for: so roles, secrets and variables that are made from it are neither too few nor too many. */
import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { MANIFEST } from '#functions/manifest.ts';
import type { SettingName } from '#shared/config.ts';
import type { FunctionRow } from '#shared/define.ts';
import { type Touched, touchedBy } from './touched.ts';

/** Read by what opens the store and the queue for every function, and by what serves it. */
const COMMON: readonly string[] = [
  ...['PORT', 'HAWKER_HOST', 'HAWKER_DATA', 'HAWKER_STORE', 'HAWKER_QUEUE', 'HAWKER_DIAGNOSTICS'],
  ...['GOOGLE_CLOUD_PROJECT', 'FIRESTORE_EMULATOR_HOST', 'PUBSUB_EMULATOR_HOST'],
  ...[
    'HAWKER_LOG_LEVEL',
    'HAWKER_LOG_RATE',
    'HAWKER_DEBUG_KEY',
    'HAWKER_TRACE_RATE',
    'HAWKER_TRACE_URL',
    'HAWKER_OPS_PORT',
  ],
  ...['OTEL_EXPORTER_OTLP_ENDPOINT', 'OTEL_EXPORTER_OTLP_HEADERS', 'OTEL_RESOURCE_ATTRIBUTES', 'OTEL_SDK_DISABLED'],
  ...['PYROSCOPE_SERVER_ADDRESS', 'PYROSCOPE_BASIC_AUTH_USER', 'PYROSCOPE_BASIC_AUTH_PASSWORD'],
];

/** What the runtime opens when it is asked to, and what serves a trigger. */
const PARTS = {
  leases: 'shared/lease/index.ts',
  lta: 'shared/lta/index.ts',
  google: 'shared/google/index.ts',
  blobs: 'shared/blobs/index.ts',
  firings: 'shared/schedule/firings.ts',
  identity: 'shared/events/push-identity.ts',
} as const;

/** Collections that functions of the bundle do not declare, since only those who commit to the outbox write them. */
const collections = new Set([...MANIFEST.flatMap(({ store }) => Object.keys(store)), 'outbox-keys']);
const parts = new Map<keyof typeof PARTS, Touched>();

before(async () => {
  for (const [name, entry] of Object.entries(PARTS) as [keyof typeof PARTS, string][])
    parts.set(name, await touchedBy(entry, collections));
});

const uses = (store: FunctionRow['store']) =>
  Object.entries(store)
    .map(([name, use]) => `${use}s ${name}`)
    .sort();
const part = (name: keyof typeof PARTS): Touched => parts.get(name) ?? assert.fail(name);

describe("a function's row", () => {
  for (const row of MANIFEST) {
    it(`declares what the code of ${row.name} touches, and nothing else`, async () => {
      const own = await touchedBy(`functions/${row.name}/index.ts`, collections);
      const all = withParts(row, own);
      const sorted = (values: Iterable<string>) => [...new Set(values)].sort();
      assert.deepEqual(uses(all.store), uses(row.store), 'collections');
      assert.deepEqual(all.topics, sorted(row.publishes), 'topics');
      assert.deepEqual(
        sorted(all.settings.filter((name) => !COMMON.includes(name))),
        sorted(row.settings.filter((name) => !COMMON.includes(name))),
        'settings',
      );
      assert.deepEqual(sorted(own.google), sorted(row.google), "Google's APIs");
      assert.equal(own.opens.includes('blobs'), row.blobs !== 'none', 'blobs');
    });
  }
});

/** With what the runtime reads and writes for it. */
function withParts({ trigger, google }: FunctionRow, own: Touched): Touched {
  const opens = new Set(own.opens);
  const used: Touched[] = [own];
  if (trigger.type === 'schedule') {
    opens.add('leases');
    used.push(part('firings'));
  }
  if (trigger.type !== 'http') used.push(part('identity'));
  used.push(...[...opens].map(part));
  if (opens.has('blobs')) used.push(part('google'));
  /** Of what is read for Google's APIs, some is for one of them alone. */
  const without: SettingName[] = [
    ...(google.includes('slides') ? [] : (['HAWKER_GOOGLE_SUBJECT'] as const)),
    ...(opens.has('blobs') ? [] : (['STORAGE_EMULATOR_HOST'] as const)),
  ];
  const store: Touched['store'] = {};
  for (const [name, use] of used.flatMap((one) => Object.entries(one.store)))
    store[name] = store[name] === 'write' ? 'write' : use;
  return {
    ...own,
    store,
    topics: [...new Set(used.flatMap((one) => one.topics))].sort(),
    settings: used.flatMap((one) => one.settings).filter((name) => !without.includes(name)),
  };
}
