/** What runs: a Deployment for whoever is called or takes events, a CronJob for a schedule. */
import { type FunctionRow, isScheduled, type ScheduledRow } from '#shared/define.ts';
import { opsPortOf } from '../telemetry.ts';
import type { Asked } from './asked.ts';
import { type KubernetesObject, metadata, selectorOf } from './object.ts';
import { PORT, podOf, portsOf, probesOf, programOf, scrapedBy } from './pod.ts';

/** Seconds: a process drains within eight, after the ten that its address may still be known. */
const GRACE_S = 30;
/** Seconds in which whoever sends requests learns that a pod ends. */
const LEAVING_S = 10;
/** Seconds that a firing may be late: the next one is a minute away at the least. */
const LATE_S = 60;

/** Two where anyone may call, so that one can go; whoever else calls asks again. */
const replicasOf = ({ callers }: FunctionRow) => (callers === 'anyone' ? 2 : 1);

function deployment(row: FunctionRow, asked: Asked): KubernetesObject {
  const { name } = row;
  const labels = selectorOf(name);
  const replicas = replicasOf(row);
  const pulls = row.trigger.type === 'message';
  const ops = opsPortOf(row, asked.settings);
  const annotations = scrapedBy(ops);
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: metadata(name, asked.namespace),
    spec: {
      replicas,
      revisionHistoryLimit: 3,
      selector: { matchLabels: labels },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      template: {
        metadata: { labels, ...(annotations && { annotations }) },
        spec: podOf(row, asked, {
          // Events are fetched: nothing in the cluster has to be open to Pub/Sub.
          args: [programOf(row), ...(pulls ? ['--pull'] : [])],
          pod: {
            terminationGracePeriodSeconds: GRACE_S,
            ...(replicas > 1 && {
              topologySpreadConstraints: [
                {
                  maxSkew: 1,
                  topologyKey: 'kubernetes.io/hostname',
                  whenUnsatisfiable: 'ScheduleAnyway',
                  labelSelector: { matchLabels: labels },
                },
              ],
            }),
          },
          container: {
            ports: portsOf(ops),
            ...probesOf(row, asked),
            ...(!pulls && { lifecycle: { preStop: { sleep: { seconds: LEAVING_S } } } }),
          },
        }),
      },
    },
  };
}

export function service(part: string, { namespace }: Asked): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadata(part, namespace),
    spec: { selector: selectorOf(part), ports: [{ name: 'http', port: 80, targetPort: PORT }] },
  };
}

/** A node may be emptied, but not of all pods at once. None for a single pod: nothing could ever be emptied then. */
export function disruptionBudget(row: FunctionRow, { namespace }: Asked): KubernetesObject[] {
  if (replicasOf(row) === 1) return [];
  return [
    {
      apiVersion: 'policy/v1',
      kind: 'PodDisruptionBudget',
      metadata: metadata(row.name, namespace),
      spec: { maxUnavailable: 1, selector: { matchLabels: selectorOf(row.name) } },
    },
  ];
}

/**
 * A firing is a pod that runs once, and knows by its Job's name which one it is. Nobody calls it, so no token is needed and nothing waits for a call all day; that it takes
 * effect once is up to the function, as everywhere. `overlap` is so too: `Forbid` spares a pod that would find the lease taken.
 */
function cronJob(row: ScheduledRow, asked: Asked): KubernetesObject {
  const { name, trigger, timeout, retries } = row;
  const labels = selectorOf(name);
  return {
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: metadata(name, asked.namespace),
    spec: {
      schedule: trigger.cron,
      timeZone: trigger.timeZone,
      concurrencyPolicy: trigger.overlap === 'skip' ? 'Forbid' : 'Allow',
      startingDeadlineSeconds: LATE_S,
      successfulJobsHistoryLimit: 1,
      failedJobsHistoryLimit: 3,
      jobTemplate: {
        metadata: { labels },
        spec: {
          backoffLimit: retries,
          // Each attempt has the row's time, and some to start and to end.
          activeDeadlineSeconds: (timeout + GRACE_S + LATE_S) * (retries + 1),
          ttlSecondsAfterFinished: 86_400,
          template: {
            metadata: { labels },
            spec: podOf(row, asked, {
              args: [programOf(row), '--fire', '$(JOB_NAME)'],
              pod: { restartPolicy: 'Never', terminationGracePeriodSeconds: GRACE_S },
              env: [
                {
                  name: 'JOB_NAME',
                  valueFrom: { fieldRef: { fieldPath: "metadata.labels['batch.kubernetes.io/job-name']" } },
                },
              ],
            }),
          },
        },
      },
    },
  };
}

export const workload = (row: FunctionRow, asked: Asked) =>
  isScheduled(row) ? cronJob(row, asked) : deployment(row, asked);
