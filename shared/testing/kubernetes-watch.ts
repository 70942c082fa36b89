/**
 * A watch on Leases: what has changed since a version, then what changes, one JSON object a line. Without a version it begins with what there is. A
 * version of which the history is gone is refused with 410. Whoever allows bookmarks gets one at the end, from where to go on.
 * https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
 */
import type { ServerResponse } from 'node:http';
import { type KubernetesLeases, type Lease, Refused } from './kubernetes-leases.ts';

interface Place {
  namespace?: string;
  name?: string;
}

export function watchLeases(leases: KubernetesLeases, url: URL, { namespace }: Place, response: ServerResponse): void {
  const search = url.searchParams;
  const from = Number(search.get('resourceVersion') ?? 0);
  if (from > 0 && from < leases.compacted)
    throw new Refused(410, 'Expired', `too old resource version: ${from} (${leases.compacted})`);
  const only = /^metadata\.name=(.+)$/.exec(search.get('fieldSelector') ?? '')?.[1];
  const wanted = ({ metadata }: Lease) =>
    (namespace === undefined || metadata.namespace === namespace) && (only === undefined || metadata.name === only);
  const send = (type: string, object: unknown) => response.write(`${JSON.stringify({ type, object })}\n`);

  response.writeHead(200, { 'Content-Type': 'application/json' });
  response.flushHeaders();
  let told = from;
  if (from === 0) {
    for (const object of leases.list(namespace).filter(wanted)) send('ADDED', object);
    told = leases.version;
  }
  const tell = () => {
    for (const { type, version, object } of leases.changes) {
      if (version <= told) continue;
      told = version;
      if (wanted(object)) send(type, object);
    }
  };
  tell();
  const stop = leases.onChange(tell);
  const seconds = Number(search.get('timeoutSeconds')) || 300;
  const end = setTimeout(() => {
    const metadata = { resourceVersion: String(leases.version), creationTimestamp: null };
    if (search.get('allowWatchBookmarks') === 'true')
      send('BOOKMARK', { kind: 'Lease', apiVersion: 'coordination.k8s.io/v1', metadata, spec: {} });
    response.end();
  }, seconds * 1_000);
  response.once('close', () => {
    clearTimeout(end);
    stop();
  });
}
