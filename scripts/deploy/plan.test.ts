import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EXPIRING } from '#functions/collections.ts';
import { MANIFEST } from '#functions/manifest.ts';
import { loadConfig, SETTINGS } from '#shared/config.ts';
import type { FunctionRow } from '#shared/define.ts';
import { pairsOf } from './fake-things.ts';
import { shown } from './gcloud.ts';
import { emailOf, secretName } from './names.ts';
import type { DeployOptions } from './options.ts';
import { inOrder, planOf } from './plan.ts';
import type { Command, Resource } from './resource.ts';
import { FULL, OPTIONS } from './testing.ts';

const plan = planOf(MANIFEST, OPTIONS);
const full = planOf(MANIFEST, FULL);
const messages = MANIFEST.filter(({ trigger }) => trigger.type === 'message');
const scheduled = MANIFEST.filter(({ trigger }) => trigger.type === 'schedule');

const get = (id: string, from: readonly Resource[] = plan): Resource => {
  const found = from.find((resource) => resource.id === id);
  assert.ok(found, `${id} is not in the plan`);
  return found;
};
const flag = (command: Command | undefined, name: string) =>
  command?.args.find((arg) => arg.startsWith(`--${name}=`))?.slice(name.length + 3);
const created = (id: string, name: string, from?: readonly Resource[]) => flag(get(id, from).create.at(-1), name);
const variablesOf = (row: FunctionRow, from?: readonly Resource[]) =>
  pairsOf(created(`service/${row.name}`, 'set-env-vars', from));
const bindings = (from: readonly Resource[]) =>
  from
    .filter(({ kind }) => kind === 'role')
    .map(({ create, ...resource }) => ({
      ...resource,
      member: flag(create.at(-1), 'member') ?? '',
      role: flag(create.at(-1), 'role') ?? '',
      condition: flag(create.at(-1), 'condition'),
      on: create.at(-1)?.args.slice(0, -1) ?? [],
    }));

describe('a plan', () => {
  for (const [name, resources] of Object.entries({ plain: plan, full }))
    it(`has one of each, each after what it needs, and says in a line why (${name})`, () => {
      const before = new Set<string>();
      for (const { id, kind, about, needs, keeps, remove, of } of resources) {
        assert.ok(id.startsWith(`${kind}/`), id);
        assert.ok(!before.has(id), `${id} is there twice`);
        for (const need of needs) assert.ok(before.has(need), `${id} needs ${need}`);
        before.add(id);
        assert.match(about, /^[^\n]{10,400}$/, id);
        assert.ok(remove || keeps, `${id} goes, or there is a reason why it stays`);
        for (const one of of) assert.ok(MANIFEST.some((row) => row.name === one));
      }
    });

  it('tells what needs itself', () => {
    const [first] = plan;
    assert.ok(first);
    assert.throws(
      () =>
        inOrder([
          { ...first, id: 'a', needs: ['b'] },
          { ...first, id: 'b', needs: ['a'] },
        ]),
      /a needs b needs a/,
    );
  });

  it('makes for some functions what these imply and need, and nothing of others', () => {
    const some = planOf(MANIFEST, { ...OPTIONS, only: ['clicks'] });
    const ids = some.map(({ id }) => id);
    for (const id of [
      'service/clicks',
      'subscription/clicks',
      'topic/link.hit',
      'topic/clicks-dead',
      'account/hawker-push',
    ])
      assert.ok(ids.includes(id), id);
    for (const { of, id } of some)
      assert.ok(of.length === 0 || of.includes('clicks') || !id.startsWith('service/'), id);
    assert.deepEqual(
      ids.filter((id) => id.startsWith('service/') || id.startsWith('schedule/')),
      ['service/clicks'],
    );
    assert.deepEqual(
      ids,
      [...ids].filter((id) => plan.some((resource) => resource.id === id)),
    );
  });

  it('holds no secret', () => {
    const secret = 'a-value-that-nobody-sees';
    const env = Object.fromEntries(Object.keys(SETTINGS).map((name) => [name, secret]));
    const given = planOf(MANIFEST, FULL, { ...env, SHOP_URL: secret });
    assert.doesNotMatch(JSON.stringify(given), new RegExp(secret));
    for (const { create } of given) for (const command of create) assert.ok(!shown(command).includes(secret));
  });
});

describe('rights', () => {
  const DOCUMENTS = { read: 'datastore.viewer', write: 'datastore.user' };
  /** What a row implies, said once more and otherwise. */
  const implied = ({ name, store, publishes, blobs, secrets }: FunctionRow): string[] => [
    ...(Object.values(store).includes('write')
      ? [`${DOCUMENTS.write} (default)`]
      : Object.keys(store).length > 0
        ? [`${DOCUMENTS.read} (default)`]
        : []),
    ...publishes.map((topic) => `pubsub.publisher ${topic}`),
    ...(blobs === 'read' ? ['storage.objectViewer gs://demo-1-hawker-blobs'] : []),
    ...(blobs === 'write' || blobs === 'sign' ? ['storage.objectUser gs://demo-1-hawker-blobs'] : []),
    ...(blobs === 'sign' ? [`iam.serviceAccountTokenCreator ${emailOf(name, OPTIONS)}`] : []),
    ...secrets.map((secret) => `secretmanager.secretAccessor ${secretName(secret)}`),
  ];

  for (const row of MANIFEST)
    it(`${row.name} gets what its row implies and nothing else`, () => {
      const own = bindings(plan).filter(({ member }) => member === `serviceAccount:${emailOf(row.name, OPTIONS)}`);
      const told = own.map(({ role, condition, on }) => {
        const [, database] = /databases\/([^"]+)"/.exec(condition ?? '') ?? [];
        const place = on.filter((word) => !word.startsWith('--')).at(-1);
        return `${role.replace('roles/', '')} ${database ?? place}`;
      });
      assert.deepEqual(told.sort(), implied(row).sort());
      for (const { of } of own) assert.deepEqual(of, [row.name]);
    });

  it('for the whole project are given to nobody without a condition, but for bringing out revisions to Cloud Build', () => {
    const wide = bindings(full).filter(({ on }) => on[0] === 'projects');
    assert.ok(wide.length > 0);
    for (const { condition, id } of wide.filter(({ id }) => !id.startsWith('role/build/')))
      assert.match(condition ?? '', /^expression=resource\.name == "projects\//, id);
    const conditions = wide.flatMap(({ id, condition }) => (id.startsWith('role/build/') ? [[id, condition]] : []));
    const noBlobs =
      'expression=!resource.name.startsWith("projects/_/buckets/demo-1-hawker-blobs"),title=hawker-no-blobs';
    assert.deepEqual(conditions, [
      // Without it the role reads and removes what is in any bucket.
      ['role/build/cloudbuild.builds.builder', noBlobs],
      ['role/build/run.developer', 'None'],
    ]);
  });

  it('of Cloud Build let it work in the name of each function', () => {
    const own = bindings(full).filter(({ id }) => id.startsWith('role/build/'));
    const others = own.filter(({ on }) => on[0] !== 'projects');
    assert.deepEqual(others.map(({ of }) => of.join()).sort(), MANIFEST.map(({ name }) => name).sort());
    for (const { role } of others) assert.equal(role, 'roles/iam.serviceAccountUser');
  });

  it('are none that could change rights', () => {
    for (const { role, id } of bindings(full)) assert.doesNotMatch(role, /owner|editor|admin/i, id);
  });

  it('open to everybody exactly what authenticates by itself or is for anyone', () => {
    assert.deepEqual(
      bindings(full).filter(({ member }) => /^all/.test(member)),
      [],
      'organisations forbid allUsers',
    );
    const open = full.filter(({ id }) => id.startsWith('role/everyone/'));
    assert.deepEqual(
      open.map(({ of }) => of.join()).sort(),
      MANIFEST.filter(({ callers }) => callers === 'anyone' || callers === 'admins')
        .map(({ name }) => name)
        .sort(),
    );
    for (const { create } of open) assert.ok(create[0]?.args.includes('--no-invoker-iam-check'));
  });

  it('let pushes and schedules call exactly their functions', () => {
    const called = (who: string) =>
      bindings(plan)
        .filter(({ member }) => member === `serviceAccount:${emailOf(who, OPTIONS)}`)
        .map(({ role, of }) => `${role} ${of.join()}`);
    assert.deepEqual(
      called('push'),
      messages.map(({ name }) => `roles/run.invoker ${name}`),
    );
    assert.deepEqual(
      called('scheduler'),
      scheduled.map(({ name }) => `roles/run.invoker ${name}`),
    );
  });

  it('of the databases file go to what opens databases, and to the instance it names alone', () => {
    const extra = full.filter(({ id, kind }) => kind === 'role' && !plan.some((resource) => resource.id === id));
    const owners = new Set(extra.flatMap(({ of }) => of));
    assert.deepEqual([...owners].sort(), ['migration-runs', 'migrations']);
    const sql = bindings(full).filter(({ role }) => role.startsWith('roles/cloudsql.'));
    assert.equal(sql.length, 4);
    for (const { condition } of sql) assert.match(condition ?? '', /"projects\/demo-1\/instances\/shop"/);
  });
});

describe('events', () => {
  it('have a topic each, and each subscription its own audience, dead letters and the rights for them', () => {
    for (const topic of MANIFEST.flatMap(({ publishes }) => publishes)) get(`topic/${topic}`);
    for (const row of messages) {
      const { name, timeout, retries, trigger } = row;
      const id = `subscription/${name}`;
      const url = `https://${name}-123456789012.asia-southeast1.run.app`;
      assert.equal(created(id, 'topic'), trigger.type === 'message' && trigger.topic);
      assert.equal(created(id, 'push-endpoint'), url);
      assert.equal(created(id, 'push-auth-token-audience'), variablesOf(row)['HAWKER_PUSH_AUDIENCE']);
      assert.equal(created(id, 'push-auth-service-account'), variablesOf(row)['HAWKER_PUSH_EMAIL']);
      assert.equal(created(id, 'ack-deadline'), String(timeout));
      assert.equal(created(id, 'max-delivery-attempts'), String(retries));
      assert.equal(created(id, 'dead-letter-topic'), `${name}-dead`);
      assert.equal(created(`subscription/${name}-dead`, 'topic'), `${name}-dead`);
      assert.equal(created(`subscription/${name}-dead`, 'message-retention-duration'), '7d');
      get(`role/pubsub-agent/pubsub.publisher/${name}-dead`);
      get(`role/pubsub-agent/pubsub.subscriber/${name}`);
      assert.ok(get(id).needs.includes(`role/push/run.invoker/${name}`), 'nothing is pushed before it may be');
    }
  });

  it('of the clock come as the rows say, to whom expects them', () => {
    for (const row of scheduled) {
      const id = `schedule/${row.name}`;
      assert.ok(row.trigger.type === 'schedule');
      assert.equal(created(id, 'schedule'), row.trigger.cron);
      assert.equal(created(id, 'time-zone'), row.trigger.timeZone);
      assert.equal(created(id, 'attempt-deadline'), `${row.timeout}s`);
      assert.equal(created(id, 'max-retry-attempts'), String(row.retries));
      assert.equal(created(id, 'oidc-token-audience'), variablesOf(row)['HAWKER_PUSH_AUDIENCE']);
      assert.equal(created(id, 'oidc-service-account-email'), variablesOf(row)['HAWKER_PUSH_EMAIL']);
    }
  });
});

describe('services', () => {
  const COMMON = ['HAWKER_STORE', 'HAWKER_QUEUE', 'GOOGLE_CLOUD_PROJECT'];

  for (const [about, resources, options] of [
    ['plain', plan, OPTIONS],
    ['full', full, FULL],
  ] as [string, Resource[], DeployOptions][])
    it(`are told settings that they read and can be started with, and no secret (${about})`, () => {
      for (const row of MANIFEST) {
        const variables = variablesOf(row, resources);
        for (const name of Object.keys(variables)) {
          assert.ok(
            COMMON.includes(name) || (row.settings as readonly string[]).includes(name),
            `${row.name}: ${name}`,
          );
          assert.ok(!(row.secrets as readonly string[]).includes(name));
        }
        assert.doesNotThrow(() => loadConfig(variables), row.name);
        const secrets = Object.keys(pairsOf(created(`service/${row.name}`, 'set-secrets', resources)));
        const opening = options.databases && ['migrations', 'migration-runs'].includes(row.name);
        assert.deepEqual(secrets, [...row.secrets, ...(opening ? ['SHOP_URL'] : [])], row.name);
      }
    });

  it('are as their rows say', () => {
    for (const { name, memory, cpu, concurrency, timeout, ingress, secrets } of MANIFEST) {
      const id = `service/${name}`;
      const told = ['memory', 'cpu', 'concurrency', 'timeout', 'ingress'].map((setting) => created(id, setting));
      assert.deepEqual(told, [`${memory}Mi`, ...[cpu, concurrency, timeout].map(String), ingress], name);
      assert.equal(created(id, 'service-account'), emailOf(name, OPTIONS));
      for (const secret of secrets) assert.ok(get(id).needs.includes(`secret-value/${secretName(secret)}`), name);
      assert.ok(get(id).create[0]?.args.includes('--no-allow-unauthenticated'));
      assert.ok(
        created(id, 'execution-environment') === 'gen1' || memory >= 512,
        'the second generation starts at 512 MiB',
      );
    }
  });

  it('behind a load balancer take no other way, and are told the country by the header that it sets', () => {
    const row = MANIFEST.find(({ name }) => name === 'redirects');
    assert.ok(row);
    assert.equal(created('service/redirects', 'ingress', full), 'internal-and-cloud-load-balancing');
    const header = created('backend/hawker-redirects', 'custom-request-header', full);
    assert.equal(header, `${variablesOf(row, full)['HAWKER_COUNTRY_HEADER']}:{client_region}`);
    assert.match(variablesOf(row, full)['HAWKER_TRUSTED_PROXIES'] ?? '', /203\.0\.113\.7/);
    assert.equal(variablesOf(row)['HAWKER_COUNTRY_HEADER'], undefined);
  });
});

describe('data', () => {
  it('is removed in time where it carries a time, and nowhere else', () => {
    const used = new Set(MANIFEST.flatMap(({ store }) => Object.keys(store)));
    const swept = plan.flatMap(({ kind, id }) => (kind === 'ttl' ? id.slice(4) : []));
    assert.deepEqual(swept.sort(), EXPIRING.filter((name) => used.has(name)).sort());
    assert.ok(!swept.includes('leases') && !swept.includes('lease-terms'));
  });

  it('is kept by destroy', () => {
    for (const { kind, keeps } of full)
      assert.equal(
        keeps !== undefined,
        ['api', 'image', 'database', 'indexes', 'ttl', 'bucket', 'secret', 'secret-value'].includes(kind),
        kind,
      );
  });
});
