/** How requests come in: an Ingress for each function that takes any, over TLS, with all its hosts. */
import type { FunctionRow } from '#shared/define.ts';
import type { Asked } from './asked.ts';
import { type KubernetesObject, metadata, nameOf } from './object.ts';

/** Branded ones for `redirects`; one below the domain for each other function that is called. */
export function hostsOf({ name, trigger }: FunctionRow, { hosts, domain }: Pick<Asked, 'hosts' | 'domain'>): string[] {
  if (trigger.type !== 'http') return [];
  if (name === 'redirects') return [...hosts];
  return domain === undefined ? [] : [`${name}.${domain}`];
}

export const certificateOf = (host: string) => nameOf('tls', host);

/** None where there is no host. */
export function ingress(
  part: string,
  hosts: readonly string[],
  { timeout }: { timeout: number },
  { namespace, ingressClass, issuer }: Asked,
): KubernetesObject[] {
  if (hosts.length === 0) return [];
  return [
    {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: {
        ...metadata(part, namespace),
        annotations: {
          ...(issuer !== undefined && { 'cert-manager.io/cluster-issuer': issuer }),
          // Of ingress-nginx, which would cut streams and uploads short; functions bound both themselves.
          'nginx.ingress.kubernetes.io/proxy-body-size': '0',
          'nginx.ingress.kubernetes.io/proxy-buffering': 'off',
          'nginx.ingress.kubernetes.io/proxy-read-timeout': `${timeout}`,
        },
      },
      spec: {
        ingressClassName: ingressClass,
        // A certificate for each host: one that cannot be had takes no other with it.
        tls: hosts.map((host) => ({ hosts: [host], secretName: certificateOf(host) })),
        rules: hosts.map((host) => ({
          host,
          http: {
            paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: part, port: { name: 'http' } } } }],
          },
        })),
      },
    },
  ];
}
