/** NetworkPolicies: nothing may pass, and then exactly what `flows.ts` names. They are added up, so that each function's stands alone. */
import type { Asked } from './asked.ts';
import { type Flow, fromController } from './flows.ts';
import { type KubernetesObject, metadata, selectorOf } from './object.ts';

const API = { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy' };

/** What holds for the whole namespace. */
export function denyAll(asked: Asked): KubernetesObject[] {
  const policyTypes = ['Ingress', 'Egress'];
  const closed = {
    ...API,
    metadata: metadata('hawker-deny-all', asked.namespace),
    spec: { podSelector: {}, policyTypes },
  };
  if (asked.issuer === undefined || asked.for === 'knative') return [closed];
  // While cert-manager shows that a host is ours, a pod of its own answers beside ours for a moment: https://cert-manager.io/docs/configuration/acme/http01/
  const solver = {
    ...API,
    metadata: metadata('hawker-acme-solver', asked.namespace),
    spec: {
      podSelector: { matchLabels: { 'acme.cert-manager.io/http01-solver': 'true' } },
      policyTypes,
      ingress: fromController(asked, 8089).map(ruleFrom),
    },
  };
  return [closed, solver];
}

const ruleFrom = ({ peers, ports }: Flow) => ({ ...(peers && { from: peers }), ports });

export function allow(
  part: string,
  { ingress, egress }: { ingress: readonly Flow[]; egress: readonly Flow[] },
  { namespace }: Pick<Asked, 'namespace'>,
): KubernetesObject {
  return {
    ...API,
    metadata: metadata(part, namespace),
    spec: {
      podSelector: { matchLabels: selectorOf(part) },
      policyTypes: ['Ingress', 'Egress'],
      ...(ingress.length > 0 && { ingress: ingress.map(ruleFrom) }),
      egress: egress.map(({ peers, ports }) => ({ ...(peers && { to: peers }), ports })),
    },
  };
}
