/** Who a pod is to its cluster, and what of the cluster it may use: Lease objects, and nothing else. */
import type { FunctionRow } from '#shared/define.ts';
import { emailOf } from '../names.ts';
import type { Asked } from './asked.ts';
import { leaseRules, type Rule } from './lease-rules.ts';
import { type KubernetesObject, metadata } from './object.ts';
import { accountOf } from './pod.ts';

export function accounts(row: FunctionRow, asked: Asked): KubernetesObject[] {
  // On GKE a pod is, to Google, the service account that the plan made for its function; nothing there holds a key.
  const annotations = { 'iam.gke.io/gcp-service-account': emailOf(row.name, asked) };
  return accountWith(row.name, leaseRules(row, asked), asked, annotations);
}

export function accountWith(
  part: string,
  rules: readonly Rule[],
  { namespace }: Pick<Asked, 'namespace'>,
  annotations?: Record<string, string>,
): KubernetesObject[] {
  const name = accountOf(part);
  const common = metadata(name, namespace, part);
  const account = {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: annotations ? { ...common, annotations } : common,
    automountServiceAccountToken: false,
  };
  if (rules.length === 0) return [account];
  const apiVersion = 'rbac.authorization.k8s.io/v1';
  return [
    account,
    { apiVersion, kind: 'Role', metadata: common, rules },
    {
      ...{ apiVersion, kind: 'RoleBinding', metadata: common },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
      subjects: [{ kind: 'ServiceAccount', name, namespace }],
    },
  ];
}
