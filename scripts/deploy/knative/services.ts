/**
 * Knative Services for functions that are called, which run while they are; and the hosts that lead to them. Knative knows neither events that are fetched nor schedules: those
 * run as on Kubernetes.
 */
import type { FunctionRow } from '#shared/define.ts';
import type { Asked } from '../kubernetes/asked.ts';
import { certificateOf, hostsOf } from '../kubernetes/ingress.ts';
import { type KubernetesObject, metadata, selectorOf } from '../kubernetes/object.ts';
import { CONTAINER_SECURITY, PORT, podOf, probesOf, programOf } from '../kubernetes/pod.ts';

/** `redirects` keeps one, since people wait for it. */
const leastOf = ({ serve }: FunctionRow) => (serve === 'own-server' ? 1 : 0);
const MOST = 10;
/** Knative sets it to the container's port, and refuses whoever else does: https://github.com/knative/specs/blob/main/specs/serving/runtime-contract.md#process */
const RESERVED = 'PORT';

export function knativeService(row: FunctionRow, asked: Asked): KubernetesObject {
  const { readinessProbe, livenessProbe } = probesOf(row, asked);
  // Knative takes no security of a pod, unless it is told to: all of it can stand at the container.
  const { securityContext, ...pod } = podOf(row, asked, {
    args: [programOf(row)],
    container: { ports: [{ name: 'http1', containerPort: PORT }], readinessProbe, livenessProbe },
  });
  const { fsGroup: _, ...ofPod } = securityContext;
  return {
    apiVersion: 'serving.knative.dev/v1',
    kind: 'Service',
    metadata: metadata(row.name, asked.namespace),
    spec: {
      template: {
        metadata: {
          labels: selectorOf(row.name),
          annotations: {
            'autoscaling.knative.dev/min-scale': `${leastOf(row)}`,
            'autoscaling.knative.dev/max-scale': `${MOST}`,
          },
        },
        spec: {
          ...pod,
          containerConcurrency: row.concurrency,
          timeoutSeconds: row.timeout,
          containers: pod.containers.map((container) => ({
            ...container,
            env: container.env.filter(({ name }) => name !== RESERVED),
            securityContext: { ...ofPod, ...CONTAINER_SECURITY },
          })),
        },
      },
    },
  };
}

/** Each host's claim, which gives it to this namespace alone, and what leads it to its function. */
export function domainMappings(row: FunctionRow, asked: Asked): KubernetesObject[] {
  return hostsOf(row, asked).flatMap((host) => [
    {
      apiVersion: 'networking.internal.knative.dev/v1alpha1',
      kind: 'ClusterDomainClaim',
      metadata: { name: host, labels: selectorOf(row.name) },
      spec: { namespace: asked.namespace },
    },
    {
      apiVersion: 'serving.knative.dev/v1beta1',
      kind: 'DomainMapping',
      metadata: metadata(host, asked.namespace, row.name),
      spec: {
        ref: { apiVersion: 'serving.knative.dev/v1', kind: 'Service', name: row.name },
        tls: { secretName: certificateOf(host) },
      },
    },
  ]);
}
