/**
 * How a process says that it is well: `/healthz`, whether it lives, and `/readyz`, whether it can do its work.
 *
 * What answers lives, so `/healthz` is always 200: whoever restarts a process that is not well must not do so because a database is away, which no restart mends. `/readyz` is
 * 503 while the store or the queue cannot be used, which all functions need, and from when the process is told to end. Everything else that it has used, such as LTA, is told
 * beside them and decides nothing: what is served from memory meanwhile is better than nobody.
 *
 * Anybody may ask, and is told names, states and ages. With `?verbose` an admin is also told versions, memory, which settings are given and the last errors.
 */
import { type SettingName, settingsGiven } from '../config.ts';
import type { Runtime } from '../define.ts';
import { toAppError } from '../http/problem.ts';
import { openedOnce } from '../opened-once.ts';
import { note } from '../telemetry/scope.ts';
import { VERSION } from '../telemetry/version.ts';
import { healthChecksOf, PATIENCE_MS, type State } from './health-checks.ts';
import { isDraining } from './lifecycle.ts';

/** A probe that gives up after a second must not kill a process whose store hangs. */
const LIVE_PATIENCE_MS = 500;

export interface Health {
  /** `/healthz` and `/readyz`, as GET and HEAD; undefined for everything else. */
  answer(request: Request): Promise<Response> | undefined;
  live(request: Request): Promise<Response>;
  ready(request: Request): Promise<Response>;
}

type Parts = Pick<Runtime, 'config' | 'store' | 'queue' | 'clock' | 'log'>;

export function createHealth(runtime: Parts): Health {
  const { clock } = runtime;
  const statesOf = (patienceMs: number) => healthChecksOf(runtime).states(patienceMs);

  async function live({ method }: Request): Promise<Response> {
    const states = await statesOf(LIVE_PATIENCE_MS);
    const parts = [...states]
      .filter(([, { must }]) => must)
      .map(([name, { ready, reason }]) => [name, ready ? 'ready' : (reason ?? 'not ready')]);
    return reply(method, 200, { status: statusOf(isReady(states)), ...Object.fromEntries(parts) });
  }

  async function ready(request: Request): Promise<Response> {
    const verbose = new URL(request.url).searchParams.has('verbose');
    const refused = verbose ? await whyNotAdmin(request) : undefined;
    const states = await statesOf(PATIENCE_MS);
    const isAdmin = verbose && refused === undefined;
    const draining = isDraining();
    const well = isReady(states) && !draining;
    if (!well) note({ reason: draining ? 'the process was told to end' : whyNot(states) });
    return reply(request.method, well ? 200 : 503, {
      status: draining ? 'draining' : statusOf(well),
      dependencies: Object.fromEntries([...states].map(([name, state]) => [name, told(state, isAdmin)])),
      ...(refused !== undefined && { verbose: refused }),
      ...(isAdmin && aboutProcess()),
    });
  }

  const openAuthenticate = openedOnce(async () => (await import('../http/auth.ts')).createAuthenticate(runtime));

  /** Undefined for an admin. */
  async function whyNotAdmin({ headers }: Request): Promise<string | undefined> {
    try {
      const authenticate = await openAuthenticate();
      const { requireHost, requireRole } = await import('../http/callers.ts');
      const caller = await authenticate(headers.get('Authorization') ?? undefined);
      requireRole(caller, 'admin');
      requireHost(caller);
      return undefined;
    } catch (error) {
      // Where the store is away only the key in HAWKER_ADMIN_KEY can be told to be good.
      const { status, message } = toAppError(error);
      return status < 500 ? `for admins: ${message}` : 'for admins: the key cannot be looked up now';
    }
  }

  function told({ ready: well, checkedAt, goodAt, reason, hangsMs, error }: State, isAdmin: boolean): object {
    return {
      status: well === undefined ? 'not used yet' : statusOf(well),
      ...(checkedAt !== undefined && { checkedAt: new Date(checkedAt).toISOString() }),
      ...(goodAt !== undefined && { ageMs: Math.round(clock.mono() - goodAt) }),
      ...(hangsMs !== undefined && { hangsMs: Math.round(hangsMs) }),
      ...(well === false && { reason: reason ?? 'not known' }),
      ...(isAdmin && error !== undefined && { lastError: error }),
    };
  }

  const answers: Record<string, Health['live']> = { '/healthz': live, '/readyz': ready };
  return {
    live,
    ready,
    answer(request) {
      if (request.method !== 'GET' && request.method !== 'HEAD') return undefined;
      return answers[new URL(request.url).pathname]?.(request);
    },
  };
}

function isReady(states: ReadonlyMap<string, State>): boolean {
  return [...states.values()].every(({ must, ready }) => !must || ready === true);
}

/** `store: it does not answer; queue: ...` */
function whyNot(states: ReadonlyMap<string, State>): string {
  const amiss = [...states].filter(([, { must, ready }]) => must && ready !== true);
  return amiss.map(([name, { reason }]) => `${name}: ${reason ?? 'not known'}`).join('; ');
}

const statusOf = (ready: boolean) => (ready ? 'ready' : 'not ready');

function reply(method: string, status: number, body: object): Response {
  const headers = {
    'Content-Type': 'application/json',
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...(status === 503 && { 'Retry-After': '5' }),
  };
  return new Response(method === 'HEAD' ? null : `${JSON.stringify(body)}\n`, { status, headers });
}

function aboutProcess(): object {
  const { plain, secrets }: { plain: SettingName[]; secrets: Record<string, string> } = settingsGiven();
  const { rss, heapUsed, heapTotal, external } = process.memoryUsage();
  return {
    versions: { hawker: VERSION, node: process.versions.node },
    uptimeS: Math.round(process.uptime()),
    memory: { rss, heapUsed, heapTotal, external },
    settings: plain,
    secrets,
  };
}
