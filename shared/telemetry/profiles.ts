/**
 * Profiles all the time: where the CPU's and the clock's time goes, and what fills the heap, pushed to a Pyroscope server
 * (https://grafana.com/docs/pyroscope/latest/) every minute. Samples of the time bear the function and the route that they were taken in.
 *
 * A server that is away, or says no, costs these profiles and nothing else. It is told once, and once when it is there again.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Config } from '../config.ts';
import { messageOf } from '../errors.ts';
import { codeOf, isBadPort } from '../http/failed-fetch.ts';
import type { Log } from '../log.ts';
import { useProfileLabels } from './profile-labels.ts';
import { VERSION } from './version.ts';

/** What `--profile` means by itself. */
const DEFAULT_ADDRESS = 'http://localhost:4040';
/** Most that a server may take to answer when it is looked for at the start. */
const LOOK_MS = 3_000;

type Settings = Pick<
  Config,
  'PYROSCOPE_SERVER_ADDRESS' | 'PYROSCOPE_BASIC_AUTH_USER' | 'PYROSCOPE_BASIC_AUTH_PASSWORD'
>;

export interface ProfilesOptions {
  config: Settings;
  /** The service's, as traces and metrics have it; letters that Pyroscope has a meaning for become `_`. */
  service: string;
  log: Log;
}

export interface Profiles {
  /** Pushes what there is and ends, after `withinMs` at most. */
  stop(withinMs: number): Promise<void>;
}

/** Never rejects: a process that cannot be profiled serves all the same, and says why. */
export async function startProfiles({ config, service, log }: ProfilesOptions): Promise<Profiles> {
  const address = config.PYROSCOPE_SERVER_ADDRESS ?? DEFAULT_ADDRESS;
  const { PYROSCOPE_BASIC_AUTH_USER: basicAuthUser, PYROSCOPE_BASIC_AUTH_PASSWORD: basicAuthPassword } = config;
  try {
    const { pyroscope, followAwaits } = await import('./pyroscope-client.ts');
    const labeller = followAwaits();
    const program = process.argv[1];
    // The names in a bundle are one letter long; what they were is in its source map.
    const bundled = program !== undefined && existsSync(`${program}.map`);
    pyroscope.init({
      appName: plain(service),
      serverAddress: address,
      tags: { service_version: plain(VERSION) },
      wall: { collectCpuTime: true },
      ...(basicAuthUser !== undefined && { basicAuthUser }),
      ...(basicAuthPassword !== undefined && { basicAuthPassword }),
      ...(bundled && { sourceMapper: await pyroscope.SourceMapper.create([dirname(program)]) }),
    });
    const unwatch = watch(address, log);
    pyroscope.start();
    useProfileLabels({ run: labeller, service });
    log.info('profiles will be pushed every minute', { address, service });
    return {
      async stop(withinMs) {
        useProfileLabels(undefined);
        let timer: NodeJS.Timeout | undefined;
        const late = new Promise<void>((resolve) => {
          timer = setTimeout(resolve, withinMs);
        });
        await Promise.race([pyroscope.stop().catch(() => undefined), late]);
        clearTimeout(timer);
        unwatch();
      },
    };
  } catch (error) {
    log.error('this process cannot be profiled', { reason: messageOf(error) });
    return { stop: async () => undefined };
  }
}

interface Pushed {
  request: { origin?: string | URL; path?: string };
  response?: { statusCode: number };
  error?: unknown;
}

/**
 * The library swallows what becomes of a push, so it is seen where Node's own `fetch` tells of it. The first comes after a minute, so whether anybody is there at all is
 * found out at once. Answers what ends that.
 */
function watch(address: string, log: Log): () => void {
  const { origin, pathname } = new URL(address);
  const path = `${pathname.replace(/\/$/, '')}/ingest?`;
  let away = false;
  const tell = (reason: string | undefined) => {
    if (reason === undefined && away) log.info('Pyroscope takes profiles again', { address });
    if (reason !== undefined && !away)
      log.warn('Pyroscope takes no profiles; they are dropped until it does', { address, reason });
    away = reason !== undefined;
  };
  const isOurs = ({ request }: Pushed) => String(request.origin) === origin && request.path?.startsWith(path);
  const onAnswer = (message: unknown) => {
    const pushed = message as Pushed;
    const { statusCode = 0 } = pushed.response ?? {};
    if (isOurs(pushed)) tell(statusCode >= 200 && statusCode < 300 ? undefined : `it answers ${statusCode}`);
  };
  const onError = (message: unknown) => {
    const pushed = message as Pushed;
    if (isOurs(pushed)) tell((pushed.error as { code?: string }).code ?? messageOf(pushed.error));
  };
  subscribe('undici:request:headers', onAnswer);
  subscribe('undici:request:error', onError);
  const over = new AbortController();
  void look(address, over.signal).then((reason) => {
    if (reason !== undefined && !over.signal.aborted) tell(reason);
  });
  return () => {
    over.abort();
    unsubscribe('undici:request:headers', onAnswer);
    unsubscribe('undici:request:error', onError);
  };
}

/** Why nobody answers; undefined where anybody does, whatever it is. */
async function look(address: string, over: AbortSignal): Promise<string | undefined> {
  const late = AbortSignal.timeout(LOOK_MS);
  try {
    const answer = await fetch(address, { method: 'HEAD', redirect: 'manual', signal: AbortSignal.any([over, late]) });
    await answer.body?.cancel();
    return undefined;
  } catch (error) {
    if (late.aborted) return `it has not answered within ${LOOK_MS / 1_000} seconds`;
    return isBadPort(error) ? 'bad port: fetch asks nobody there' : codeOf(error) || messageOf(error);
  }
}

/** Pyroscope reads names and tags out of `name{tag=value,tag=value}`. */
function plain(text: string): string {
  return text.replaceAll(/[{},=]/g, '_');
}
