/** Objects of Kubernetes as they are printed, and what each of them bears. */

export interface KubernetesObject {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
  };
  [field: string]: unknown;
}

/** `parts` of a name as one of at most 63 characters that DNS takes. */
export function nameOf(...parts: string[]): string {
  const name = parts
    .join('-')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
  return name.length <= 63 ? name : `${name.slice(0, 54).replace(/-+$/, '')}-${digest(name)}`;
}

/** Eight hexadecimal digits that change when `text` does: FNV-1a, which is enough to tell a few names apart. */
export function digest(text: string): string {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash.toString(16).padStart(8, '0');
}

/** What selects the pods of a part: never changed, since a Deployment's selector cannot be. */
export const selectorOf = (part: string) => ({
  'app.kubernetes.io/part-of': 'hawker',
  'app.kubernetes.io/name': part,
});

export const metadata = (name: string, namespace: string, part = name) => ({
  name,
  namespace,
  labels: selectorOf(part),
});
