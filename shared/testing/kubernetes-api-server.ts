/**
 * A Kubernetes API server on loopback that serves Leases and nothing else, over TLS, as strictly as the real one: kubernetes-api-server.test.ts
 * drives it with kubectl. Faults are had by asking for them.
 */
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { createAuthority } from './certificates.ts';
import { discovery } from './kubernetes-discovery.ts';
import { createKubernetesLeases, type KubernetesLeases, type Lease, Refused } from './kubernetes-leases.ts';
import { watchLeases } from './kubernetes-watch.ts';

/** What becomes of one request. */
export type Fault =
  /** Nothing is done, and this is answered. */
  | { kind: 'answer'; status: number; headers?: Record<string, string>; body?: string }
  /** The connection breaks before anything is done. */
  | { kind: 'lose request' }
  /** It is done; the connection breaks before the answer, or in the middle of it. `meanwhile` runs in between. */
  | { kind: 'lose answer' | 'cut answer'; meanwhile?: () => Promise<void> }
  /** Nothing is done or answered, and the connection stays. */
  | { kind: 'stall' };

export interface KubernetesApiServer {
  readonly port: string;
  readonly namespace: string;
  /** A folder with the files of a service account: token, namespace, ca.crt. */
  readonly folder: string;
  readonly leases: KubernetesLeases;
  /** Every request so far, as `GET /apis/...`. */
  readonly requests: string[];
  /** From now on only this token is accepted. The file keeps the old one until `mount`. */
  accept(token: string): void;
  /** Writes the token that is accepted, and the CA, into the folder, as the kubelet does some time later. */
  mount(): Promise<void>;
  /** Serves a certificate of another CA. Connections are closed. */
  changeCa(): void;
  /** From now on these verbs are forbidden. */
  forbid(...verbs: string[]): void;
  /** The next request with this method gets this fault; further ones wait for the requests after it. */
  next(method: string, fault: Fault): void;
  close(): Promise<void>;
}

const LEASES = /^\/apis\/coordination\.k8s\.io\/v1\/(?:namespaces\/(?<namespace>[^/]+)\/)?leases(?:\/(?<name>[^/]+))?$/;
const USER = 'system:serviceaccount:stalls:hawker';

/** `host`: the loopback address to listen on. */
export async function startKubernetesApiServer(host = '127.0.0.1'): Promise<KubernetesApiServer> {
  const namespace = 'stalls';
  const folder = await mkdtemp(join(tmpdir(), 'hawker-service-account-'));
  const leases = createKubernetesLeases();
  const requests: string[] = [];
  const faults: { method: string; fault: Fault }[] = [];
  const forbidden = new Set<string>();
  let authority = createAuthority();
  let token = 'first-token';

  const server: Server = createServer(authority.issue(), (request, response) => {
    handle(request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else sendStatus(response, error instanceof Refused ? error : new Refused(500, 'InternalError', String(error)));
    });
  });
  server.keepAliveTimeout = 60_000;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '' } = request;
    requests.push(`${method} ${request.url}`);
    const body = await text(request);
    const at = faults.findIndex((waiting) => waiting.method === method);
    const [{ fault } = {}] = at < 0 ? [] : faults.splice(at, 1);
    if (fault?.kind === 'stall') return;
    if (fault?.kind === 'lose request') return void request.socket.destroy();
    if (fault?.kind === 'answer') return void response.writeHead(fault.status, fault.headers).end(fault.body);
    if (request.headers.authorization !== `Bearer ${token}`) throw new Refused(401, 'Unauthorized', 'Unauthorized');
    const url = new URL(request.url ?? '/', 'https://api');
    if (isWatch(url)) return watchLeases(leases, url, LEASES.exec(url.pathname)?.groups ?? {}, response);
    const answer = await answerTo(method, url, request.headers['content-type'], body);
    if (fault) await fault.meanwhile?.();
    if (fault?.kind === 'lose answer') return void request.socket.destroy();
    const whole = JSON.stringify(answer.value);
    response.writeHead(answer.status, {
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(whole),
    });
    if (fault?.kind !== 'cut answer') return void response.end(whole);
    response.write(whole.slice(0, whole.length / 2), () => request.socket.destroy());
  }

  async function answerTo(
    method: string,
    url: URL,
    contentType: string | undefined,
    body: string,
  ): Promise<{ status: number; value: unknown }> {
    const known = discovery(url.pathname);
    if (known && method === 'GET') return { status: 200, value: known };
    const place = LEASES.exec(url.pathname)?.groups;
    if (!place) throw new Refused(404, 'NotFound', 'the server could not find the requested resource');
    const { namespace: within, name } = place;
    requireVerb(method, within, name);
    if (method === 'GET' && name === undefined) return { status: 200, value: listOf(within, url) };
    if (within === undefined) throw new Refused(405, 'MethodNotAllowed', 'the namespace is missing');
    if (method === 'POST' && name === undefined) return { status: 201, value: leases.create(within, jsonOf(body)) };
    if (name === undefined) throw new Refused(405, 'MethodNotAllowed', 'the server does not allow this method');
    switch (method) {
      case 'GET':
        return { status: 200, value: leases.get(within, name) };
      case 'PUT':
        return { status: 200, value: leases.replace(within, name, jsonOf(body)) };
      case 'PATCH':
        if (!/^application\/(?:strategic-)?merge-patch\+json/.test(contentType ?? ''))
          throw new Refused(
            415,
            'UnsupportedMediaType',
            `the body of the request was in an unknown format: ${contentType}`,
          );
        return { status: 200, value: leases.merge(within, name, jsonOf(body)) };
      case 'DELETE': {
        const { uid } = leases.remove(within, name).metadata;
        return { status: 200, value: { ...STATUS, status: 'Success', details: { name, kind: 'leases', uid } } };
      }
      default:
        throw new Refused(405, 'MethodNotAllowed', 'the server does not allow this method');
    }
  }

  function requireVerb(method: string, within: string | undefined, name: string | undefined): void {
    const verbs: Record<string, string> = { POST: 'create', PUT: 'update', PATCH: 'patch', DELETE: 'delete' };
    const verb = method === 'GET' ? (name === undefined ? 'list' : 'get') : (verbs[method] ?? method);
    if (!forbidden.has(verb)) return;
    const of = name === undefined ? 'leases.coordination.k8s.io' : `leases.coordination.k8s.io "${name}"`;
    const what = `cannot ${verb} resource "leases" in API group "coordination.k8s.io" in the namespace "${within}"`;
    throw new Refused(403, 'Forbidden', `${of} is forbidden: User "${USER}" ${what}`);
  }

  function listOf(within: string | undefined, url: URL): unknown {
    const { searchParams: search } = url;
    const [version = String(leases.version), after = ''] = (search.get('continue') || undefined)?.split(' ') ?? [];
    if (Number(version) < leases.compacted)
      throw new Refused(410, 'Expired', 'The provided continue parameter is too old');
    const limit = Number(search.get('limit')) || Number.POSITIVE_INFINITY;
    const only = /^metadata\.name=(.+)$/.exec(search.get('fieldSelector') ?? '')?.[1];
    const found = leases
      .list(within)
      .filter(({ metadata }) => metadata.name > after && (only === undefined || metadata.name === only));
    const items = found.slice(0, limit).map(({ kind: _kind, apiVersion: _version, ...rest }) => rest);
    const last = found.length > items.length ? items.at(-1) : undefined;
    return {
      kind: 'LeaseList',
      apiVersion: 'coordination.k8s.io/v1',
      metadata: { resourceVersion: version, ...(last && { continue: `${version} ${(last as Lease).metadata.name}` }) },
      items,
    };
  }

  let mounted = 0;
  const mount = async () => {
    const files = { token, namespace, 'ca.crt': authority.ca };
    for (const [file, content] of Object.entries(files)) {
      // In one move, as the kubelet does it: nobody ever reads half a file.
      const path = join(folder, `.${file}-${++mounted}`);
      await writeFile(path, `${content}\n`);
      await rename(path, join(folder, file));
    }
  };
  await mount();
  await new Promise<void>((resolve) => {
    server.listen(0, host, resolve);
  });

  return {
    port: String((server.address() as AddressInfo).port),
    namespace,
    folder,
    leases,
    requests,
    accept(next) {
      token = next;
    },
    mount,
    changeCa() {
      authority = createAuthority();
      server.setSecureContext(authority.issue());
      server.closeAllConnections();
    },
    forbid(...verbs) {
      forbidden.clear();
      for (const verb of verbs) forbidden.add(verb);
    },
    next(method, fault) {
      faults.push({ method, fault });
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const STATUS = { kind: 'Status', apiVersion: 'v1', metadata: {} };

function sendStatus(response: ServerResponse, { code, reason, message, details }: Refused): void {
  const body = JSON.stringify({ ...STATUS, status: 'Failure', message, reason, details, code });
  response.writeHead(code, { 'Content-Type': 'application/json' }).end(body);
}

function isWatch(url: URL): boolean {
  return ['1', 'true'].includes(url.searchParams.get('watch') ?? '') && LEASES.test(url.pathname);
}

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch (error) {
    throw new Refused(400, 'BadRequest', `the object provided is unrecognized: ${String(error)}`);
  }
}
