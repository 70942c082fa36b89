/** Who speaks to whom, as the manifest has it: what NetworkPolicies let through. Names are nothing to them, only addresses and ports. */
import type { FunctionRow } from '#shared/define.ts';
import type { Target } from '#shared/migrations/target.ts';
import { connects } from '../databases.ts';
import { opsPortOf, telemetryPorts } from '../telemetry.ts';
import type { Asked } from './asked.ts';
import { leaseRules } from './lease-rules.ts';

export interface Flow {
  /** Absent: whatever the address. */
  peers?: readonly object[];
  ports: readonly { protocol: 'TCP' | 'UDP'; port: number }[];
}

const tcp = (...ports: number[]) => ports.map((port) => ({ protocol: 'TCP' as const, port }));
const namespace = (name: string) => ({ matchLabels: { 'kubernetes.io/metadata.name': name } });

/** Everything but networks that are somebody's own: no neighbour in the cluster, no node, no metadata. */
const PUBLIC = [
  {
    ipBlock: {
      cidr: '0.0.0.0/0',
      except: ['10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.168.0.0/16'],
    },
  },
  { ipBlock: { cidr: '::/0', except: ['::1/128', 'fc00::/7', 'fe80::/10'] } },
];

/** The cluster's own; also where each node keeps a cache of it, which is a pod to some networks and an address to others; and Cloud DNS on GKE. */
const DNS: Flow = {
  peers: [
    ...['kube-dns', 'node-local-dns'].map((app) => ({
      namespaceSelector: namespace('kube-system'),
      podSelector: { matchLabels: { 'k8s-app': app } },
    })),
    ...['169.254.20.10/32', '169.254.169.254/32'].map((cidr) => ({ ipBlock: { cidr } })),
  ],
  ports: [
    { protocol: 'UDP', port: 53 },
    { protocol: 'TCP', port: 53 },
  ],
};

/** Firestore, Pub/Sub and whatever else of Google's; LTA DataMall; push services; images on the web: all of them https. */
const HTTPS: Flow = { peers: PUBLIC, ports: tcp(443) };

/** Where GKE tells a pod who it is to Google: https://cloud.google.com/kubernetes-engine/docs/how-to/workload-identity */
const IDENTITY: readonly Flow[] = [
  { peers: [{ ipBlock: { cidr: '169.254.169.254/32' } }], ports: tcp(80) },
  { peers: [{ ipBlock: { cidr: '169.254.169.252/32' } }], ports: tcp(988) },
];

/** Of the API server, by its Service and by itself. Where it is, only the cluster knows. */
const API_SERVER: Flow = { ports: tcp(443, 6443) };

/** Where https is spoken at another port than its own. */
function portOf(address: string | undefined): number {
  const port = address === undefined || !URL.canParse(address) ? '' : new URL(address).port;
  return port === '' ? 443 : Number(port);
}

/** A secret address does not tell its port here: each kind's own, and that of Cloud SQL's connector. */
function portsOf({ kind, address }: Target): number[] {
  if (address.from === 'cloud-sql') return [3307];
  return { postgres: [5432], mysql: [3306], sqlite: [], firestore: [] }[kind];
}

function databaseFlows({ databases }: Asked): Flow[] {
  const ports = [...new Set((databases?.targets ?? []).flatMap(portsOf))].sort((a, b) => a - b);
  return ports.length > 0 ? [{ ports: tcp(...ports) }] : [];
}

export function egressOf(row: FunctionRow, asked: Asked): Flow[] {
  const lta = (row.settings as readonly string[]).includes('LTA_BASE_URL')
    ? portOf(asked.settings[row.name]?.['LTA_BASE_URL'] ?? asked.settings['*']?.['LTA_BASE_URL'])
    : 443;
  return [
    DNS,
    HTTPS,
    ...(lta === 443 ? [] : [{ ports: tcp(lta) }]),
    ...IDENTITY,
    ...toCollectors(row, asked),
    ...(leaseRules(row, asked).length > 0 ? [API_SERVER] : []),
    ...(connects(row) ? databaseFlows(asked) : []),
  ];
}

/** Of everything in one pod, which has neither an identity at Google nor leases in the cluster. */
export const egressOfSingle = (asked: Asked): Flow[] => [
  ...[DNS, HTTPS, ...toCollectors({ name: 'hawker' }, asked)],
  ...databaseFlows(asked),
];

/** A collector and Pyroscope are wherever somebody has put them, in the cluster most often. */
function toCollectors(row: Pick<FunctionRow, 'name'>, { settings }: Asked): Flow[] {
  const ports = telemetryPorts(row, settings);
  return ports.length > 0 ? [{ ports: tcp(...ports) }] : [];
}

/** The second port, asked by pods alone: where Prometheus runs is not known here, and what it reads holds no secret. */
export function fromScrapers(row: Pick<FunctionRow, 'name'>, { settings }: Asked): Flow[] {
  const port = opsPortOf(row, settings);
  return port === undefined ? [] : [{ peers: [{ namespaceSelector: {} }], ports: tcp(port) }];
}

/** Requests come by the ingress controller, and on Knative by its own parts; messages and firings come by nobody. */
export function ingressOf(row: FunctionRow, asked: Asked): Flow[] {
  const scrapers = row.trigger.type === 'schedule' ? [] : fromScrapers(row, asked);
  if (row.trigger.type !== 'http') return scrapers;
  if (asked.for === 'kubernetes') return [...fromController(asked), ...scrapers];
  const parts = ['knative-serving', asked.ingressNamespace];
  // The proxy beside the function: requests, over http/1 and http/2, and what the autoscaler reads.
  return [
    { peers: parts.map((name) => ({ namespaceSelector: namespace(name) })), ports: tcp(8012, 8013, 9090) },
    ...scrapers,
  ];
}

export const fromController = ({ ingressNamespace }: Asked, port = 8080): Flow[] => [
  { peers: [{ namespaceSelector: namespace(ingressNamespace) }], ports: tcp(port) },
];
