/** What tests of manifests share: questions whose answers have everything in them, and an evaluator of NetworkPolicies. */
import assert from 'node:assert/strict';
import { BlockList, isIP } from 'node:net';
import type { Asked } from './asked.ts';
import type { KubernetesObject } from './object.ts';

export const ASKED: Asked = {
  for: 'kubernetes',
  mode: 'functions',
  namespace: 'hawker',
  image: 'registry.example/hawker:1.2.3',
  hosts: ['go.example.com', 'shop.example.org'],
  domain: 'hawker.example.com',
  project: 'demo-project',
  bucket: 'demo-project-hawker-blobs',
  region: 'asia-southeast1',
  only: [],
  ingressClass: 'nginx',
  ingressNamespace: 'ingress-nginx',
  issuer: 'letsencrypt',
  settings: { '*': { HAWKER_TRUSTED_PROXIES: '10.0.0.0/8' }, redirects: { HAWKER_COUNTRY_HEADER: 'X-Country' } },
  databases: {
    path: 'databases.json',
    variables: ['SHOP_DATABASE_URL'],
    targets: [target('shop', 'postgres'), target('till', 'mysql')],
  },
};
export const KNATIVE: Asked = { ...ASKED, for: 'knative', ingressNamespace: 'kourier-system' };
export const SINGLE: Asked = { ...ASKED, mode: 'single', project: '' };

function target(name: string, kind: 'postgres' | 'mysql'): NonNullable<Asked['databases']>['targets'][number] {
  return {
    ...{ name, kind, address: { from: 'variable', name: 'SHOP_DATABASE_URL' }, folder: `/app/${name}` },
    ...{ table: 'schema_migrations', labels: {}, lockTimeoutMs: 3_000, statementTimeoutMs: 0 },
  };
}

/** The other end of a connection: a pod, or an address. */
export type End = { namespace: string; labels: Readonly<Record<string, string>> } | { address: string };

interface Peer {
  ipBlock?: { cidr: string; except?: string[] };
  namespaceSelector?: Selector;
  podSelector?: Selector;
}
interface Selector {
  matchLabels?: Record<string, string>;
}
interface PolicyRule {
  from?: Peer[];
  to?: Peer[];
  ports?: { protocol: string; port: number }[];
}
interface PolicySpec {
  podSelector: Selector;
  policyTypes: string[];
  ingress?: PolicyRule[];
  egress?: PolicyRule[];
}

/**
 * Whether a connection passes, as https://kubernetes.io/docs/concepts/services-networking/network-policies/ has it: what a policy selects may do what any policy that selects it allows, and
 * what none selects may do everything.
 */
export function passes(
  objects: readonly KubernetesObject[],
  pod: Readonly<Record<string, string>>,
  way: 'ingress' | 'egress',
  end: End,
  { protocol = 'TCP', port }: { protocol?: string; port: number },
): boolean {
  const type = way === 'ingress' ? 'Ingress' : 'Egress';
  const policies = objects
    .filter(({ kind }) => kind === 'NetworkPolicy')
    .map((object) => object['spec'] as PolicySpec)
    .filter(({ podSelector, policyTypes }) => policyTypes.includes(type) && matches(podSelector, pod));
  if (policies.length === 0) return true;
  return policies
    .flatMap((policy) => policy[way] ?? [])
    .some((rule) => {
      const peers = way === 'ingress' ? rule.from : rule.to;
      const here = !rule.ports || rule.ports.some((one) => one.protocol === protocol && one.port === port);
      return here && (!peers || peers.some((peer) => isAt(peer, end)));
    });
}

const matches = ({ matchLabels = {} }: Selector, labels: Readonly<Record<string, string>>) =>
  Object.entries(matchLabels).every(([name, value]) => labels[name] === value);

function isAt({ ipBlock, namespaceSelector, podSelector }: Peer, end: End): boolean {
  if (ipBlock)
    return (
      'address' in end &&
      within(ipBlock.cidr, end.address) &&
      !(ipBlock.except ?? []).some((cidr) => within(cidr, end.address))
    );
  if ('address' in end) return false;
  const namespace = { 'kubernetes.io/metadata.name': end.namespace };
  const there = namespaceSelector ? matches(namespaceSelector, namespace) : end.namespace === ASKED.namespace;
  return there && (!podSelector || matches(podSelector, end.labels));
}

function within(cidr: string, address: string): boolean {
  const [network = '', bits = ''] = cidr.split('/');
  const family = isIP(network) === 6 ? 'ipv6' : 'ipv4';
  assert.ok(isIP(network) && bits !== '', cidr);
  if ((isIP(address) === 6 ? 'ipv6' : 'ipv4') !== family) return false;
  const list = new BlockList();
  list.addSubnet(network, Number(bits), family);
  return list.check(address, family);
}
