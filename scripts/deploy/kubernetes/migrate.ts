/**
 * Migrations before a rollout: a Job for each database that runs `up`, as its own account. Helm runs it as a hook before it installs or upgrades anything, Argo CD in a wave of its
 * own; with kubectl it is applied first, by its label. The lease sees to it that no other run is under way, whoever starts it.
 */
import type { FunctionRow } from '#shared/define.ts';
import { emailOf } from '../names.ts';
import { accountWith } from './accounts.ts';
import type { Asked } from './asked.ts';
import { egressOf } from './flows.ts';
import { leads } from './lease-rules.ts';
import { digest, type KubernetesObject, metadata, nameOf, selectorOf } from './object.ts';
import { accountOf, podOf } from './pod.ts';
import { allow } from './traffic.ts';

const PART = 'migrate';
/** In whose place it runs. */
const RUNNER = 'migration-runs';
/** Seconds: a day, as Cloud Run gives its job. */
const DEADLINE_S = 86_400;
/** Kept for an hour, so that somebody can read its log. */
const KEPT_S = 3_600;

/** `up` ends with 3 where nothing was pending, which is no failure of a rollout. Jobs know 0 alone. */
const UNCHANGED = "--import=data:text/javascript,process.on('exit',(code)=>{if(code===3)process.exitCode=0})";

/** None without databases, or where nobody migrates. */
export function migration(rows: readonly FunctionRow[], asked: Asked): KubernetesObject[] {
  const row = rows.find(({ name }) => name === RUNNER);
  if (!row || !asked.databases) return [];
  const { targets } = asked.databases;
  const rules = leads(targets.map(({ name }) => `migrate.${name}`));
  const annotations = { 'iam.gke.io/gcp-service-account': emailOf(RUNNER, asked) };
  return [
    ...[
      ...accountWith(PART, rules, asked, annotations),
      allow(PART, { ingress: [], egress: egressOf(row, asked) }, asked),
    ].map((object) => hooked(object, -10, 'before-hook-creation')),
    ...targets.map(({ name }) => hooked(job(row, name, asked), -5, 'before-hook-creation,hook-succeeded')),
  ];
}

/** `weight`: Helm's within its hook, and Argo CD's wave; everything else is in wave 0. */
function hooked(object: KubernetesObject, weight: number, remove: string): KubernetesObject {
  const annotations = {
    ...object.metadata.annotations,
    'helm.sh/hook': 'pre-install,pre-upgrade',
    'helm.sh/hook-weight': `${weight}`,
    'helm.sh/hook-delete-policy': remove,
    'argocd.argoproj.io/sync-wave': `${weight}`,
  };
  return { ...object, metadata: { ...object.metadata, annotations } };
}

function job(row: FunctionRow, target: string, asked: Asked): KubernetesObject {
  const pod = podOf(row, asked, {
    args: [UNCHANGED, 'dist/migrate/index.js', 'up', `--target=${target}`],
    pod: { serviceAccountName: accountOf(PART), restartPolicy: 'Never', terminationGracePeriodSeconds: 30 },
    container: { name: PART },
  });
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    // A Job cannot be changed: another image, or another setting, is another Job.
    metadata: metadata(nameOf(PART, target, digest(JSON.stringify(pod))), asked.namespace, PART),
    spec: {
      backoffLimit: 2,
      activeDeadlineSeconds: DEADLINE_S,
      ttlSecondsAfterFinished: KEPT_S,
      template: {
        metadata: { labels: selectorOf(PART) },
        spec: pod,
      },
    },
  };
}
