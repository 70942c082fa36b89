/** What a client learns from the fake API server about what it serves: enough for kubectl. */

const LEASE = {
  name: 'leases',
  singularName: 'lease',
  namespaced: true,
  kind: 'Lease',
  verbs: ['create', 'delete', 'get', 'list', 'patch', 'update', 'watch'],
};
const EVENT = { name: 'events', singularName: 'event', namespaced: true, kind: 'Event', verbs: ['list'] };
const VERSION = { groupVersion: 'coordination.k8s.io/v1', version: 'v1' };

const ANSWERS: Record<string, unknown> = {
  '/version': { major: '1', minor: '35', gitVersion: 'v1.35.0', platform: 'linux/amd64' },
  '/api': { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] },
  '/api/v1': { kind: 'APIResourceList', groupVersion: 'v1', resources: [EVENT] },
  '/apis': {
    kind: 'APIGroupList',
    apiVersion: 'v1',
    groups: [{ name: 'coordination.k8s.io', versions: [VERSION], preferredVersion: VERSION }],
  },
  '/apis/coordination.k8s.io/v1': {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: VERSION.groupVersion,
    resources: [LEASE],
  },
};

/** The answer to a GET of this path; undefined where it is nothing of the kind. */
export function discovery(path: string): unknown {
  // kubectl asks for the namespace where it does not find something in it.
  const namespace = /^\/api\/v1\/namespaces\/([^/]+)$/.exec(path)?.[1];
  if (namespace) return { kind: 'Namespace', apiVersion: 'v1', metadata: { name: namespace } };
  // `kubectl describe` asks for the events of what it describes.
  if (/^\/api\/v1\/namespaces\/[^/]+\/events$/.test(path))
    return { kind: 'EventList', apiVersion: 'v1', metadata: { resourceVersion: '1' }, items: [] };
  return ANSWERS[path];
}
