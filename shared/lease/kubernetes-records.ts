/**
 * Leases as `coordination.k8s.io/v1` Lease objects of the cluster that this pod runs in, one for each name, in the pod's own namespace. Electors of
 * client-go may contend for the same objects (lease-object.ts).
 *
 * A record's version is the object's `metadata.resourceVersion`, one number that grows with every write to anything in the cluster. The API server
 * replaces an object only at the version that the request names. The pod's service account needs `get`, `create` and `update` on leases, and
 * `list` for whoever lists them; nothing is ever deleted or patched.
 *
 * A token is the resourceVersion with which the term began. The store knows nothing of it, so `guard` keeps the highest token that has written in
 * a document of its own, `lease-fences`/name. A commit through it is refused once a later term has committed through it, or an operator has
 * broken the lease; what a later holder does elsewhere, and electors other than ours, do not show there. Of a stranger's term only the newest
 * version is known, so what is shown as its token grows while it lasts.
 *
 * Waiters look at the object now and then. A watch would tell them sooner and keep one more connection open for each.
 */
import type { Clock } from '../clock.ts';
import { AppError, isAppError } from '../errors.ts';
import type { Log } from '../log.ts';
import { createRecentlyUsed } from '../recently-used.ts';
import type { Doc, Store, Write } from '../store/store.ts';
import { type ApiCall, openKubernetesApi } from './kubernetes-api.ts';
import { lost } from './kubernetes-refusals.ts';
import { type LeaseObject, leaseObject, sightingOf } from './lease-object.ts';
import type { LeaseRecords } from './records.ts';
import { SERVICE_ACCOUNT_FOLDER } from './service-account.ts';

interface KubernetesOptions {
  /** Of the API server. */
  host: string;
  port: string;
  /** Keeps the fences. */
  store: Store;
  clock: Clock;
  log: Log;
  /** Where the service account is mounted. */
  folder?: string;
}

type Fence = { token: number };

const FENCES = 'lease-fences';
/** Leases of which the last known object, or the fence, is remembered; of others it is read again. */
const REMEMBERED = 1_000;
const PAGE = 100;

/** RFC 1123, as Kubernetes reads it; no longer than Hawker's own names. */
const NAME = /^(?=.{1,200}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** Throws ConfigError where the pod has no service account. */
export async function openKubernetesRecords(options: KubernetesOptions): Promise<LeaseRecords> {
  const { store, clock, folder = SERVICE_ACCOUNT_FOLDER } = options;
  const api = await openKubernetesApi({ ...options, folder });
  const known = createRecentlyUsed<LeaseObject>(REMEMBERED);
  /** Taken out by a guard and put back when its commit went through: what failed is read anew. */
  const fences = createRecentlyUsed<Doc<Fence>>(REMEMBERED);

  async function ask(given: ApiCall, name: string): Promise<LeaseObject> {
    const object = leaseOf(await api.call('Lease', given), name);
    if (!object) throw lost(given.verb, 'answered with a Lease that is not the one that was asked for');
    // Better now than when a term has begun with it.
    tokenOf(object.metadata.resourceVersion);
    known.set(name, object);
    return object;
  }

  async function find(name: string): Promise<LeaseObject | undefined> {
    requireName(name);
    try {
      return await ask({ verb: 'get', name }, name);
    } catch (error) {
      if (!isAppError(error, 'not_found')) throw error;
      known.delete(name);
      return undefined;
    }
  }

  return {
    kind: 'Kubernetes',
    remote: true,
    async read(name) {
      const object = await find(name);
      return object && sightingOf(object);
    },
    async write(name, given) {
      requireName(name);
      const { expects } = given;
      let before = known.get(name);
      if (expects !== undefined && before?.metadata.resourceVersion !== expects) before = await find(name);
      if (expects !== undefined && before?.metadata.resourceVersion !== expects)
        throw new AppError('conflict', `the Lease "${name}" has changed meanwhile`);
      const base = expects !== undefined && before ? before : { metadata: { name, namespace: api.namespace } };
      const body = leaseObject(base, given, clock.now());
      const call: ApiCall = expects === undefined ? { verb: 'create', body } : { verb: 'update', name, body };
      const object = await ask(call, name).catch((error: unknown) => {
        throw isAppError(error, 'not_found') ? new AppError('conflict', `the Lease "${name}" is gone`) : error;
      });
      const written = sightingOf(object);
      const { nonce, renewals, holder } = written.record;
      const { record } = given;
      if (nonce !== record.nonce || renewals !== record.renewals || holder !== record.holder)
        throw new AppError('outcome_unknown', `Kubernetes has not kept the Lease "${name}" as it was written`);
      return written.version;
    },
    tokenOf,
    async guard(name, fence) {
      const token = tokenOf(fence);
      const found = fences.get(name) ?? (await store.get<Fence>(FENCES, name));
      fences.delete(name);
      if (found && found.value.token > token)
        throw new AppError('lease_lost', `the lease "${name}" is led by a later term`);
      const write = fenceWrite(name, token, found);
      return {
        writes: [write],
        committed([version]) {
          if (version !== undefined) fences.set(name, { id: name, value: { token }, version });
        },
      };
    },
    async list({ after, limit }) {
      const names: string[] = [];
      let page: Record<string, unknown> = {};
      do {
        const { continue: next } = (page['metadata'] ?? {}) as { continue?: string };
        const query = { limit: String(PAGE), ...(next && { continue: next }) };
        page = await api.call('LeaseList', { verb: 'list', query });
        names.push(...namesOf(page).filter((name) => NAME.test(name) && (after === undefined || name > after)));
      } while (names.length <= limit && (page['metadata'] as { continue?: string } | undefined)?.continue);
      const last = names.length > limit ? names[limit - 1] : undefined;
      return { names: names.slice(0, limit), ...(last !== undefined && { next: last }) };
    },
    async close() {
      api.close();
    },
  };
}

function tokenOf(fence: string): number {
  const token = Number(fence);
  if (/^\d+$/.test(fence) && Number.isSafeInteger(token) && token > 0) return token;
  throw new AppError(
    'invalid',
    `the resourceVersion ${JSON.stringify(fence)} is no number that a token can be made of`,
  );
}

function fenceWrite(name: string, token: number, found: Doc<Fence> | undefined): Write {
  const place = { collection: FENCES, id: name };
  if (!found) return { op: 'create', ...place, value: { token } };
  const { version: ifVersion } = found;
  return found.value.token === token
    ? { op: 'check', ...place, ifVersion }
    : { op: 'replace', ...place, value: { token }, ifVersion };
}

function requireName(name: string): void {
  if (NAME.test(name)) return;
  throw new AppError(
    'invalid',
    `on Kubernetes a lease's name must be lower-case letters, digits, "-" and ".", beginning and ending with a letter or digit: ${JSON.stringify(name)}`,
  );
}

/** Undefined where it is not a Lease of this name. */
function leaseOf(object: Record<string, unknown>, name: string): LeaseObject | undefined {
  const { metadata, spec } = object as Partial<LeaseObject>;
  const whole = metadata?.name === name && typeof metadata.resourceVersion === 'string' && metadata.resourceVersion;
  return whole && (spec === undefined || typeof spec === 'object') ? (object as LeaseObject) : undefined;
}

function namesOf(page: Record<string, unknown>): string[] {
  const items = Array.isArray(page['items']) ? (page['items'] as ({ metadata?: { name?: unknown } } | null)[]) : [];
  return items.flatMap((item) => (typeof item?.metadata?.name === 'string' ? item.metadata.name : []));
}
