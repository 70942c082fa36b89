/**
 * All functions in one pod, as `npm start` has them, with their data on one volume: for a cluster without Google. There is never a second pod, since the data belongs to one machine;
 * so a rollout, or a node that is emptied, is some seconds without an answer. Schedules fire and migrations run within it.
 */
import type { FunctionRow } from '#shared/define.ts';
import { opsPortOf } from '../telemetry.ts';
import { accountWith } from './accounts.ts';
import type { Asked } from './asked.ts';
import { egressOfSingle, fromController, fromScrapers } from './flows.ts';
import { ingress } from './ingress.ts';
import { type KubernetesObject, metadata, selectorOf } from './object.ts';
import {
  accountOf,
  CONTAINER_SECURITY,
  POD_SECURITY,
  PORT,
  plain,
  portsOf,
  resourcesOf,
  scrapedBy,
  secretsOf,
  TMP,
  TMP_VOLUME,
} from './pod.ts';
import { allow, denyAll } from './traffic.ts';
import { service } from './workloads.ts';

const PART = 'hawker';
const DATA = { name: 'data', mountPath: '/data' };
/** Gibibytes; hits are kept for eight days and blobs for hours. */
const VOLUME_GI = 10;
/** Room for two images at a time beside everything else. */
const SIZE = { memory: 2_048, cpu: 1 };

export function single(rows: readonly FunctionRow[], asked: Asked): KubernetesObject[] {
  const { hosts, domain } = asked;
  const timeout = Math.max(...rows.map((row) => row.timeout));
  return [
    ...denyAll(asked),
    allow(
      PART,
      { ingress: [...fromController(asked), ...fromScrapers({ name: PART }, asked)], egress: egressOfSingle(asked) },
      asked,
    ),
    ...accountWith(PART, [], asked),
    service(PART, asked),
    statefulSet(rows, asked),
    ...ingress(PART, [...hosts, ...(domain === undefined ? [] : [domain])], { timeout }, asked),
  ];
}

function statefulSet(rows: readonly FunctionRow[], asked: Asked): KubernetesObject {
  const { namespace, image, domain, databases, settings, only } = asked;
  const labels = selectorOf(PART);
  const port = { tcpSocket: { port: PORT } };
  // The console's host tells how it is; any other is a branded one.
  const ops = opsPortOf({ name: PART }, settings);
  const look =
    ops === undefined
      ? { httpGet: { path: '/readyz', port: PORT, httpHeaders: [{ name: 'Host', value: 'localhost' }] } }
      : { httpGet: { path: '/readyz', port: ops } };
  const live = ops === undefined ? port : { httpGet: { path: '/healthz', port: ops } };
  const annotations = scrapedBy(ops);
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: metadata(PART, namespace),
    spec: {
      replicas: 1,
      serviceName: PART,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels, ...(annotations && { annotations }) },
        spec: {
          serviceAccountName: accountOf(PART),
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          securityContext: POD_SECURITY,
          terminationGracePeriodSeconds: 30,
          containers: [
            {
              name: PART,
              image,
              args: ['dist/start/index.js', ...(only.length > 0 ? [`--only=${only.join(',')}`] : [])],
              env: [
                ...plain({
                  PORT: `${PORT}`,
                  HAWKER_HOST: '0.0.0.0',
                  HAWKER_DATA: DATA.mountPath,
                  // In the same file: there is one pod.
                  HAWKER_LEASES: 'store',
                  HAWKER_CONSOLE_HOSTS: domain,
                  HAWKER_PUBLIC_URL: domain && `https://${domain}`,
                  HAWKER_DATABASES: databases?.path,
                  ...Object.assign({}, settings['*'], ...rows.map(({ name }) => settings[name])),
                }),
                ...secretsOf(rows, asked),
              ],
              ports: portsOf(ops),
              startupProbe: { ...port, periodSeconds: 1, timeoutSeconds: 5, failureThreshold: 60 },
              readinessProbe: { ...look, periodSeconds: 10, timeoutSeconds: 5 },
              livenessProbe: { ...live, periodSeconds: 20, timeoutSeconds: 5, failureThreshold: 3 },
              resources: resourcesOf(SIZE),
              securityContext: CONTAINER_SECURITY,
              volumeMounts: [DATA, TMP],
            },
          ],
          volumes: [TMP_VOLUME],
        },
      },
      volumeClaimTemplates: [
        {
          metadata: { name: DATA.name },
          spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: `${VOLUME_GI}Gi` } } },
        },
      ],
    },
  };
}
