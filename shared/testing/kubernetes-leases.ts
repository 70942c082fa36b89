/**
 * What the fake API server (kubernetes-api-server.ts) keeps: Lease objects with one resourceVersion for all, which grows with every change, their
 * history for watches, and the checks that the real server makes before it takes an object.
 */
import { randomUUID } from 'node:crypto';

export interface Lease {
  metadata: { name: string; namespace: string; uid: string; resourceVersion: string; [name: string]: unknown };
  spec: Record<string, unknown>;
  [name: string]: unknown;
}

export interface LeaseChange {
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  version: number;
  object: Lease;
}

/** A refusal, as its `Status` object tells it. */
export class Refused extends Error {
  readonly code: number;
  readonly reason: string;
  readonly details: Record<string, unknown>;

  constructor(code: number, reason: string, message: string, details: Record<string, unknown> = {}) {
    super(message);
    this.code = code;
    this.reason = reason;
    this.details = details;
  }
}

export interface KubernetesLeases {
  /** The version of the last change. */
  readonly version: number;
  readonly changes: readonly LeaseChange[];
  /** Called after each change. */
  onChange(listener: () => void): () => void;
  get(namespace: string, name: string): Lease;
  /** In the order of their names. */
  list(namespace: string | undefined): Lease[];
  create(namespace: string, sent: unknown): Lease;
  replace(namespace: string, name: string, sent: unknown): Lease;
  /** RFC 7386. */
  merge(namespace: string, name: string, patch: unknown): Lease;
  remove(namespace: string, name: string): Lease;
  /** The history up to now is forgotten: whoever wants to watch from before is too late. */
  compact(): void;
  readonly compacted: number;
  /** Goes on from this version, which is higher than the last. */
  skipTo(version: number): void;
}

const KIND = { group: 'coordination.k8s.io', kind: 'leases' };
const NAME = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const MICRO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(?:Z|[+-]\d\d:\d\d)$/;
const TIMES = ['acquireTime', 'renewTime'];
const TEXTS = ['holderIdentity', 'strategy', 'preferredHolder'];
const NUMBERS = ['leaseDurationSeconds', 'leaseTransitions'];
const LEAST: Record<string, number> = { leaseDurationSeconds: 1, leaseTransitions: 0 };

export function createKubernetesLeases(): KubernetesLeases {
  const objects = new Map<string, Lease>();
  const changes: LeaseChange[] = [];
  const listeners = new Set<() => void>();
  let version = 1_000;
  let compacted = 0;

  function changed(type: LeaseChange['type'], object: Lease): Lease {
    version++;
    const kept = { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } };
    const key = `${object.metadata.namespace}/${object.metadata.name}`;
    if (type === 'DELETED') objects.delete(key);
    else objects.set(key, kept);
    changes.push({ type, version, object: kept });
    for (const listener of listeners) listener();
    return structuredClone(kept);
  }

  function stored(namespace: string, name: string): Lease {
    const found = objects.get(`${namespace}/${name}`);
    if (!found) throw new Refused(404, 'NotFound', `leases.${KIND.group} "${name}" not found`, { ...KIND, name });
    return found;
  }

  function create(namespace: string, sent: unknown): Lease {
    const { metadata = {}, spec } = decoded(sent, namespace);
    const { name } = metadata as { name?: unknown };
    if (typeof name !== 'string' || !NAME.test(name)) throw invalid(String(name), 'metadata.name', 'Invalid value');
    if (metadata['resourceVersion'])
      throw new Refused(500, 'InternalError', 'resourceVersion should not be set on objects to be created');
    validate(name, spec);
    if (objects.has(`${namespace}/${name}`))
      throw new Refused(409, 'AlreadyExists', `leases.${KIND.group} "${name}" already exists`, { ...KIND, name });
    const creationTimestamp = `${new Date().toISOString().slice(0, 19)}Z`;
    const made = { ...metadata, name, namespace, uid: randomUUID(), resourceVersion: '', creationTimestamp };
    return changed('ADDED', { kind: 'Lease', apiVersion: `${KIND.group}/v1`, metadata: made, spec });
  }

  function replace(namespace: string, name: string, sent: unknown): Lease {
    const { metadata = {}, spec } = decoded(sent, namespace);
    if (metadata['name'] !== name)
      throw new Refused(400, 'BadRequest', 'the name of the object does not match the name on the URL');
    const before = objects.get(`${namespace}/${name}`);
    // A Lease may be created by a PUT; not one that is said to be there already.
    if (!before && !metadata['uid'] && !metadata['resourceVersion']) return create(namespace, sent);
    const { uid, resourceVersion } = before?.metadata ?? {};
    const creationTimestamp = before?.metadata['creationTimestamp'];
    if (metadata['uid'] !== undefined && metadata['uid'] !== uid)
      throw conflict(name, `Precondition failed: UID in precondition: ${metadata['uid']}, UID in object meta: ${uid}`);
    if (!metadata['resourceVersion'])
      throw invalid(name, 'metadata.resourceVersion', 'Invalid value: 0x0: must be specified for an update');
    if (!before || metadata['resourceVersion'] !== resourceVersion)
      throw conflict(
        name,
        'the object has been modified; please apply your changes to the latest version and try again',
      );
    validate(name, spec);
    const after = {
      ...before,
      metadata: { ...metadata, name, namespace, uid, creationTimestamp, resourceVersion },
      spec,
    };
    // What changes nothing is not written, and has no version of its own.
    return isSame(before, after) ? structuredClone(before) : changed('MODIFIED', after as Lease);
  }

  return {
    get version() {
      return version;
    },
    changes,
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    get: (namespace, name) => structuredClone(stored(namespace, name)),
    list: (namespace) =>
      [...objects.values()]
        .filter(({ metadata }) => namespace === undefined || metadata.namespace === namespace)
        .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
        .map((object) => structuredClone(object)),
    create,
    replace,
    merge(namespace, name, patch) {
      const before = stored(namespace, name);
      const merged = mergePatch(before, patch) as Lease;
      // Without a version a patch is for whatever there is.
      return replace(namespace, name, { ...merged, metadata: { ...merged.metadata } });
    },
    remove: (namespace, name) => changed('DELETED', stored(namespace, name)),
    compact() {
      compacted = version;
      changes.splice(0);
    },
    get compacted() {
      return compacted;
    },
    skipTo(next) {
      version = next;
    },
  };
}

/** What is left of a body when it has been read as a Lease: fields of other kinds are refused, unknown ones dropped. */
function decoded(sent: unknown, namespace: string): { metadata?: Record<string, unknown>; spec: Lease['spec'] } {
  const { kind, apiVersion, metadata = {}, spec } = isRecord(sent) ? sent : {};
  if (kind !== 'Lease' || apiVersion !== `${KIND.group}/v1`) throw malformed(`it is a ${kind} of ${apiVersion}`);
  if (!isRecord(metadata)) throw malformed('json: cannot unmarshal metadata');
  if (metadata['namespace'] !== undefined && metadata['namespace'] !== namespace)
    throw new Refused(
      400,
      'BadRequest',
      'the namespace of the provided object does not match the namespace sent on the request',
    );
  const given = isRecord(spec) ? spec : {};
  const kept: Lease['spec'] = {};
  for (const field of [...TIMES, ...TEXTS, ...NUMBERS]) {
    const value = given[field];
    if (value === undefined || value === null) continue;
    if (TIMES.includes(field) && !(typeof value === 'string' && MICRO_TIME.test(value) && Date.parse(value)))
      throw malformed(`parsing time ${JSON.stringify(value)} as "2006-01-02T15:04:05.000000Z07:00": cannot parse`);
    if (TEXTS.includes(field) && typeof value !== 'string') throw malformed(`json: ${field} is not of type string`);
    if (NUMBERS.includes(field) && !(Number.isInteger(value) && Math.abs(value as number) < 2 ** 31))
      throw malformed(`json: ${field} is not of type int32`);
    kept[field] = value;
  }
  const annotations = metadata['annotations'] ?? {};
  if (!isRecord(annotations) || Object.values(annotations).some((value) => typeof value !== 'string'))
    throw malformed('json: cannot unmarshal metadata.annotations');
  return { metadata, spec: kept };
}

function validate(name: string, spec: Lease['spec']): void {
  for (const [field, least] of Object.entries(LEAST))
    if (spec[field] !== undefined && (spec[field] as number) < least)
      throw invalid(name, `spec.${field}`, `Invalid value: ${spec[field]}: must be greater than or equal to ${least}`);
  if (spec['preferredHolder'] && !spec['strategy'])
    throw invalid(name, 'spec.preferredHolder', 'Forbidden: may only be specified if `strategy` is defined');
}

function malformed(why: string): Refused {
  return new Refused(400, 'BadRequest', `Lease in version "v1" cannot be handled as a Lease: ${why}`);
}

function invalid(name: string, field: string, why: string): Refused {
  const causes = [{ reason: 'FieldValueInvalid', field, message: why }];
  const details = { ...KIND, name, causes };
  return new Refused(422, 'Invalid', `Lease.${KIND.group} "${name}" is invalid: ${field}: ${why}`, details);
}

function conflict(name: string, why: string): Refused {
  const message = `Operation cannot be fulfilled on leases.${KIND.group} "${name}": ${why}`;
  return new Refused(409, 'Conflict', message, { ...KIND, name });
}

function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch;
  const merged: Record<string, unknown> = isRecord(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name];
    else merged[name] = mergePatch(merged[name], value);
  }
  return merged;
}

/** Whatever the order of the fields. */
function isSame(one: unknown, two: unknown): boolean {
  const ordered = (_: string, value: unknown) =>
    isRecord(value) ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) : value;
  return JSON.stringify(one, ordered) === JSON.stringify(two, ordered);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
