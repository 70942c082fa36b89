/**
 * `npm start`: every function in one process and on one port, on the embedded data folder unless settings say otherwise.
 * Requests to a console host go to the console and the functions' prefixes, all others to `redirects`.
 */
import { createServer } from 'node:http';
import { MANIFEST } from '#functions/manifest.ts';
import { systemClock } from '#shared/clock.ts';
import { type Config, loadConfig } from '#shared/config.ts';
import {
  type CreateFunction,
  type FunctionInstance,
  type FunctionRow,
  isScheduled,
  subscriptionsOf,
} from '#shared/define.ts';
import { createForwarding } from '#shared/http/addresses.ts';
import { ensureFirstAdminKey } from '#shared/http/auth.ts';
import { consoleHosts } from '#shared/http/console-hosts.ts';
import { systemIds } from '#shared/ids.ts';
import { openRuntime } from '#shared/runtime.ts';
import { startSchedule } from '#shared/schedule/embedded.ts';
import { exitWithReason } from '#shared/serve/exit.ts';
import { fetchListener } from '#shared/serve/fetch-listener.ts';
import { drainOnSignal } from '#shared/serve/lifecycle.ts';
import { listen, StartError } from '#shared/serve/listen.ts';
import { processLog } from '#shared/serve/process-log.ts';
import { endWithNpm } from './command/end-with-npm.ts';
import { oneLine } from './command/print.ts';
import { parseTyped, UsageError } from './command/usage.ts';
import { createConsole } from './local/console.ts';
import { createDispatch, refuseConnect } from './local/dispatch.ts';

const USAGE = `usage: npm start -- [--only name,name] [--profile]
  --only     run these functions alone: ${MANIFEST.map(({ name }) => name).join(', ')}
  --profile  push profiles to PYROSCOPE_SERVER_ADDRESS, or to Pyroscope on this machine`;

function typed(): { rows: FunctionRow[]; profile: boolean } {
  let only: string | undefined;
  let profile = false;
  try {
    const { values, positionals } = parseTyped(process.argv.slice(2), {
      only: { type: 'string' },
      profile: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    });
    if (values.help) {
      process.stdout.write(`${USAGE}\n`);
      process.exit(0);
    }
    if (positionals.length > 0) throw new UsageError(`Unexpected argument '${positionals[0]}'`);
    only = values.only;
    profile = values.profile === true;
  } catch (error) {
    throw new StartError(`${oneLine((error as Error).message)}; see npm start -- --help`);
  }
  if (only === undefined) return { rows: [...MANIFEST], profile };
  const names = only.split(',').flatMap((name) => name.trim() || []);
  const unknown = names.filter((name) => !MANIFEST.some((row) => row.name === name));
  if (unknown.length > 0 || names.length === 0)
    throw new StartError(
      `--only: there is no function ${unknown.join(', ') || 'named'}; there are ${MANIFEST.map(({ name }) => name).join(', ')}`,
    );
  return { rows: MANIFEST.filter(({ name }) => names.includes(name)), profile };
}

/** The public name is for Google's fetcher, and must not open the console to everybody, by no way of writing a path. */
function imagesAt({ HAWKER_PUBLIC_URL: base, HAWKER_BASE_PATH: path = '' }: Config) {
  if (base === undefined) return undefined;
  return {
    host: new URL(base).hostname,
    address: new RegExp(`^${RegExp.escape(path)}/slides-images/[\\w-]+(?:\\?.*)?$`),
  };
}

async function main(): Promise<void> {
  const { rows, profile } = typed();
  const config = loadConfig();
  const log = processLog(config);
  const profiles =
    profile || config.PYROSCOPE_SERVER_ADDRESS !== undefined
      ? await (await import('#shared/telemetry/profiles.ts')).startProfiles({ config, service: 'hawker', log })
      : undefined;
  const subscriptions = subscriptionsOf(MANIFEST);
  const common = { clock: systemClock, ids: systemIds, subscriptions, prefix: '' };
  const runtime = await openRuntime({ config, log, ...common, name: 'hawker' });

  const running = new Map<string, FunctionInstance>();
  for (const row of rows) {
    const { default: create } = (await import(`../functions/${row.name}/index.ts`)) as { default: CreateFunction };
    const prefix = `${config.HAWKER_BASE_PATH ?? ''}/${row.name}`;
    running.set(row.name, await create({ ...runtime, prefix, log: log.with({ function: row.name }) }));
  }

  const diagnostics = config.HAWKER_DIAGNOSTICS
    ? (await import('#shared/serve/diagnostics.ts')).openDiagnostics({
        ...{ folder: config.HAWKER_DIAGNOSTICS, name: 'hawker', clock: systemClock, log },
      })
    : undefined;
  const consoleApp = createConsole({ rows, running, runtime, basePath: config.HAWKER_BASE_PATH ?? '', diagnostics });
  const redirects = running.get('redirects');
  const server = createServer(
    // Two Host headers joined are a host that nobody serves; otherwise the first would count, and a proxy may have judged by the second.
    { keepAliveTimeout: 65_000, joinDuplicateHeaders: true },
    createDispatch({
      consoleHosts: consoleHosts(config),
      requestedHost: createForwarding(config.HAWKER_TRUSTED_PROXIES).requestedHost,
      console: fetchListener((request, from) => consoleApp.fetch(request, from)),
      redirects: redirects?.kind === 'listener' ? redirects.listener : undefined,
      images: running.has('slides-images') ? imagesAt(config) : undefined,
    }),
  );
  refuseConnect(server);
  const host = config.HAWKER_HOST ?? '127.0.0.1';
  const port = await listen(server, host, config.PORT);

  const ops =
    config.HAWKER_OPS_PORT === undefined
      ? undefined
      : await (await import('#shared/serve/open-ops.ts')).openOps({ name: 'hawker', host, runtime, diagnostics });

  const key = rows.some(({ callers }) => callers === 'admins') ? await ensureFirstAdminKey(runtime) : undefined;
  const consumers = subscriptions.flatMap((subscription) => {
    const instance = running.get(subscription.name);
    return instance?.kind === 'message' ? [runtime.queue.consume(subscription, instance.handle)] : [];
  });
  const schedules = rows.filter(isScheduled).flatMap((row) => {
    const instance = running.get(row.name);
    return instance?.kind === 'schedule' ? [startSchedule(row, instance, runtime)] : [];
  });

  drainOnSignal(
    { server, schedules, consumers, instances: [...running.values(), consoleApp], runtime, profiles, ops },
    log,
  );
  endWithNpm('start');

  log.info('ready', {
    address: `http://${host === '127.0.0.1' ? 'localhost' : host}:${port}/`,
    functions: rows.map(({ name }) => name).join(','),
  });
  // Not through the log, which may be collected: this is said once, to whoever started it.
  if (key)
    process.stdout.write(
      `admin key: ${key}\nKeep it: it is shown only now.${running.has('links') ? ' Make others with POST /links/v1/keys.' : ''}\n`,
    );
}

main().catch(exitWithReason);
