/** Manifests of a cluster, checked without one: by the published schemas, by the rules of the restricted profile, and by kubectl. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, it } from 'node:test';
import { ClusterDomainClaim } from '@kubernetes-models/knative/networking.internal.knative.dev/v1alpha1/ClusterDomainClaim';
import { Service as KnativeService } from '@kubernetes-models/knative/serving.knative.dev/v1/Service';
import { DomainMapping } from '@kubernetes-models/knative/serving.knative.dev/v1beta1/DomainMapping';
import { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import { StatefulSet } from 'kubernetes-models/apps/v1/StatefulSet';
import { CronJob } from 'kubernetes-models/batch/v1/CronJob';
import { Job } from 'kubernetes-models/batch/v1/Job';
import { Ingress } from 'kubernetes-models/networking.k8s.io/v1/Ingress';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import { Role } from 'kubernetes-models/rbac.authorization.k8s.io/v1/Role';
import { RoleBinding } from 'kubernetes-models/rbac.authorization.k8s.io/v1/RoleBinding';
import { Namespace } from 'kubernetes-models/v1/Namespace';
import { Service } from 'kubernetes-models/v1/Service';
import { ServiceAccount } from 'kubernetes-models/v1/ServiceAccount';
import { parseAllDocuments } from 'yaml';
import { MANIFEST } from '#functions/manifest.ts';
import type { Asked } from './kubernetes/asked.ts';
import type { KubernetesObject } from './kubernetes/object.ts';
import { ASKED, KNATIVE, SINGLE } from './kubernetes/testing.ts';
import { manifests, objectsOf } from './manifests.ts';

const kubectlPath = process.env['KUBECTL_PATH'] ?? '/usr/bin/kubectl';
const noKubectl = !existsSync(kubectlPath) && `needs kubectl at KUBECTL_PATH; there is none at ${kubectlPath}`;

// biome-ignore lint/suspicious/noExplicitAny: each class takes an object of its own, and this one is not known before it is checked
type Model = new (data: any) => { validate(): void };
const MODELS: Record<string, Model> = {
  ...{ 'apps/v1 Deployment': Deployment, 'apps/v1 StatefulSet': StatefulSet, 'batch/v1 CronJob': CronJob },
  ...{
    'batch/v1 Job': Job,
    'networking.k8s.io/v1 Ingress': Ingress,
    'policy/v1 PodDisruptionBudget': PodDisruptionBudget,
  },
  ...{ 'networking.k8s.io/v1 NetworkPolicy': NetworkPolicy, 'rbac.authorization.k8s.io/v1 Role': Role },
  ...{ 'rbac.authorization.k8s.io/v1 RoleBinding': RoleBinding, 'v1 Namespace': Namespace, 'v1 Service': Service },
  ...{ 'v1 ServiceAccount': ServiceAccount, 'serving.knative.dev/v1 Service': KnativeService },
  'serving.knative.dev/v1beta1 DomainMapping': DomainMapping,
  'networking.internal.knative.dev/v1alpha1 ClusterDomainClaim': ClusterDomainClaim,
};

// biome-ignore lint/suspicious/noExplicitAny: tests look into any object
type Any = any;
const specOf = (object: KubernetesObject): Any => object['spec'];
const podsOf = (objects: readonly KubernetesObject[]): { name: string; spec: Any }[] =>
  objects.flatMap((object) => {
    const spec = specOf(object);
    const template = spec?.jobTemplate?.spec.template ?? spec?.template;
    return template ? [{ name: object.metadata.name, spec: template.spec }] : [];
  });

const CASES: Record<string, Asked> = {
  kubernetes: ASKED,
  'kubernetes without databases': withoutDatabases(ASKED),
  knative: KNATIVE,
  'a single pod': SINGLE,
};

function withoutDatabases({ databases: _, ...asked }: Asked): Asked {
  return asked;
}

for (const [what, asked] of Object.entries(CASES))
  describe(`manifests for ${what}`, () => {
    const text = manifests(asked);
    // As kubectl reads it.
    const objects = parseAllDocuments(text, { version: '1.1' }).map((document) => {
      assert.deepEqual(document.errors, []);
      return document.toJS() as KubernetesObject;
    });

    it('are what was meant, read back, and the same each time', () => {
      assert.deepEqual(objects, JSON.parse(JSON.stringify(objectsOf(asked))));
      assert.equal(manifests(asked), text);
    });

    it('are of the published schemas', () => {
      for (const object of objects) {
        const Model = MODELS[`${object.apiVersion} ${object.kind}`];
        assert.ok(Model, `${object.apiVersion} ${object.kind}`);
        assert.doesNotThrow(() => new Model(object).validate(), `${object.kind} ${object.metadata.name}`);
      }
    });

    it('have names that DNS takes, each once for its kind', () => {
      const seen = new Set<string>();
      for (const { apiVersion, kind, metadata } of objects) {
        const label = /Domain/.test(kind) ? /^[a-z0-9.-]{1,253}$/ : /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/;
        assert.match(metadata.name, label);
        // A CronJob's Jobs have eleven characters more.
        if (kind === 'CronJob') assert.ok(metadata.name.length <= 52);
        const id = `${apiVersion} ${kind} ${metadata.name}`;
        assert.ok(!seen.has(id), id);
        seen.add(id);
        for (const value of Object.values(metadata.labels ?? {})) assert.match(value, /^[\w.-]{1,63}$/);
        for (const value of Object.values(metadata.annotations ?? {})) assert.equal(typeof value, 'string');
      }
    });

    it('keep to the restricted profile, and write to their volumes alone', () => {
      for (const { name, spec } of podsOf(objects)) {
        const pod = spec.securityContext ?? {};
        for (const field of ['hostNetwork', 'hostPID', 'hostIPC']) assert.equal(spec[field], undefined, name);
        for (const volume of spec.volumes ?? [])
          assert.ok(volume.emptyDir || volume.configMap || volume.projected, `${name}: ${volume.name}`);
        assert.equal(spec.containers.length, 1);
        for (const container of spec.containers) {
          const own = container.securityContext;
          assert.equal(own.runAsNonRoot ?? pod.runAsNonRoot, true, name);
          assert.ok((own.runAsUser ?? pod.runAsUser) > 0, name);
          assert.equal((own.seccompProfile ?? pod.seccompProfile).type, 'RuntimeDefault', name);
          assert.deepEqual(
            [own.allowPrivilegeEscalation, own.readOnlyRootFilesystem, own.capabilities, own.privileged],
            [false, true, { drop: ['ALL'] }, undefined],
            name,
          );
          assert.equal(container.resources.limits.memory, container.resources.requests.memory, name);
          for (const { name: setting, value } of container.env)
            if (/KEY|PASSWORD|DATABASE_URL/.test(setting) && setting !== 'HAWKER_DATABASES')
              assert.equal(value, undefined, `${name}: ${setting} stands in the open`);
        }
      }
    });

    it('mount a token of the cluster only where leases are used', () => {
      const accounts = new Set(
        objects.filter(({ kind }) => kind === 'RoleBinding').map(({ metadata }) => metadata.name),
      );
      for (const { name, spec } of podsOf(objects))
        assert.equal(spec.automountServiceAccountToken, accounts.has(spec.serviceAccountName), name);
    });

    it('are read by kubectl', { skip: noKubectl }, async () => {
      const { error, stdout, stderr } = await throughKubectl(text);
      // kubectl knows Knative's kinds as little as any cluster without it.
      assert.equal(error, null, stderr);
      assert.equal(stdout.trim().split('\n').length, objects.length);
    });
  });

describe('manifests for functions', () => {
  const objects = objectsOf(ASKED);
  const named = (kind: string, name: string) =>
    objects.find((object) => object.kind === kind && object.metadata.name === name) ?? assert.fail(`${kind} ${name}`);

  it('have each function once, in the kind that its trigger asks for', () => {
    const kinds = { http: 'Deployment', message: 'Deployment', schedule: 'CronJob' } as const;
    for (const { name, trigger } of MANIFEST) named(kinds[trigger.type], name);
    assert.equal(podsOf(objects).length, MANIFEST.length + 2);
  });

  it('let Lease objects be used as each function uses them, and nothing else of the cluster', () => {
    const rules = Object.fromEntries(
      objects.flatMap((object) =>
        object.kind === 'Role'
          ? [
              [
                object.metadata.name,
                (object['rules'] as Any[]).map((rule) => {
                  assert.deepEqual([rule.apiGroups, rule.resources], [['coordination.k8s.io'], ['leases']]);
                  return [rule.verbs.join(' '), ...(rule.resourceNames ?? [])].join(': ');
                }),
              ],
            ]
          : [],
      ),
    );
    const leader = (...names: string[]) => ['create', ['get update', ...names].join(': ')];
    assert.deepEqual(rules, {
      'hawker-bus-alerts': leader('schedule.bus-alerts'),
      'hawker-bus-sync': leader('schedule.bus-sync'),
      'hawker-leases': ['get list update'],
      'hawker-migrate': leader('migrate.shop', 'migrate.till'),
      'hawker-migration-runs': leader('migrate.shop', 'migrate.till'),
      'hawker-migration-schedule': leader('schedule.migration-schedule'),
      'hawker-migrations': ['get update: migrate.shop: migrate.till'],
      'hawker-outbox-relay': leader('schedule.outbox-relay'),
      'hawker-slides-sweep': leader('schedule.slides-sweep'),
    });
  });

  it('lead each host to its function over TLS', () => {
    const hosts = objects.flatMap((object): string[] =>
      object.kind === 'Ingress'
        ? specOf(object).rules.map((rule: Any) => {
            assert.ok(specOf(object).tls.some((tls: Any) => tls.hosts.includes(rule.host)));
            return `${rule.host} ${rule.http.paths[0].backend.service.name}`;
          })
        : [],
    );
    assert.deepEqual(
      hosts.sort(),
      [
        ...['bus', 'leases', 'links', 'migrations', 'slides', 'slides-images'].map(
          (name) => `${name}.hawker.example.com ${name}`,
        ),
        'go.example.com redirects',
        'shop.example.org redirects',
      ].sort(),
    );
  });

  it('say at their head what else to do, and nothing that is done', () => {
    const head = (asked: Asked) => manifests(asked).split('\n---')[0] ?? '';
    for (const { name, trigger } of MANIFEST)
      if (trigger.type === 'schedule')
        assert.match(head(ASKED), new RegExp(`scheduler jobs pause ${name} --location=asia-southeast1 `));
    assert.match(head(ASKED), /pubsub topics add-iam-policy-binding clicks-dead .*hawker-clicks@.*pubsub\.publisher/);
    assert.match(head(ASKED), /wait --timeout=24h --for=condition=complete job/);
    assert.doesNotMatch(head(ASKED), /HAWKER_TRUSTED_PROXIES/);
    for (const asked of [ASKED, SINGLE]) assert.match(head({ ...asked, settings: {} }), /HAWKER_TRUSTED_PROXIES/);
    assert.doesNotMatch(head(SINGLE), /gcloud/);
  });

  it('keep one pod of those that have two', () => {
    for (const object of objects.filter(({ kind }) => kind === 'Deployment')) {
      const budgets = objects.filter(
        ({ kind, metadata }) => kind === 'PodDisruptionBudget' && metadata.name === object.metadata.name,
      );
      assert.equal(budgets.length, specOf(object).replicas > 1 ? 1 : 0, object.metadata.name);
    }
  });

  it('migrate before anything else is rolled out, under Helm and under Argo CD', () => {
    const jobs = objects.filter(({ kind }) => kind === 'Job');
    assert.equal(jobs.length, 2);
    for (const { metadata } of jobs) {
      assert.equal(metadata.annotations?.['helm.sh/hook'], 'pre-install,pre-upgrade');
      assert.ok(Number(metadata.annotations?.['argocd.argoproj.io/sync-wave']) < 0);
    }
    // One that has run cannot be changed, and is not run again.
    for (const change of [{ image: 'registry.example/hawker:1.2.4' }, { bucket: 'b' }, { project: 'other-project' }]) {
      const other = objectsOf({ ...ASKED, ...change }).filter(({ kind }) => kind === 'Job');
      for (const job of other) {
        const before = jobs.find(({ metadata }) => metadata.name === job.metadata.name);
        assert.deepEqual(specOf(before ?? job), specOf(job));
        assert.equal(before !== undefined, 'bucket' in change);
      }
    }
  });
});

describe('manifests for Knative', () => {
  const objects = objectsOf(KNATIVE);
  const services = objects.filter(({ apiVersion }) => apiVersion === 'serving.knative.dev/v1');

  it('set no variable that Knative keeps for itself', () => {
    assert.ok(services.length > 0);
    for (const object of services)
      for (const { name } of specOf(object).template.spec.containers[0].env)
        assert.ok(!['PORT', 'K_SERVICE', 'K_CONFIGURATION', 'K_REVISION'].includes(name), name);
  });

  it('say how often a probe may fail, which Knative has no default for', () => {
    for (const object of services) {
      const { readinessProbe } = specOf(object).template.spec.containers[0];
      assert.ok(readinessProbe.failureThreshold >= 1 && readinessProbe.timeoutSeconds >= 1, object.metadata.name);
    }
  });

  it('claim each domain for their namespace, without which Knative maps none', () => {
    const named = (kind: string) =>
      objects.filter((object) => object.kind === kind).map((object) => object.metadata.name);
    assert.ok(named('DomainMapping').length > 0);
    assert.deepEqual(named('ClusterDomainClaim'), named('DomainMapping'));
    for (const object of objects.filter(({ kind }) => kind === 'ClusterDomainClaim'))
      assert.deepEqual([object.metadata.namespace, specOf(object)], [undefined, { namespace: KNATIVE.namespace }]);
  });
});

function throughKubectl(text: string): Promise<{ error: Error | null; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const args = ['annotate', '--local', '--dry-run=client', '--overwrite', '-o', 'name', '-f', '-', 'read=yes'];
    const child = execFile(
      kubectlPath,
      [...args, '--kubeconfig=/dev/null'],
      { timeout: 60_000 },
      (error, stdout, stderr) => resolve({ error, stdout, stderr }),
    );
    child.stdin?.end(text);
  });
}
