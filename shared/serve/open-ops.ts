/** What the second port of a process offers. Loaded only where HAWKER_OPS_PORT is set; health and profiles only when somebody asks for them. */
import type { OpenRuntime } from '../runtime.ts';
import { resourceOf } from '../telemetry/resource.ts';
import type { Diagnostics } from './diagnostics.ts';
import type { Health } from './health.ts';
import { type OpsServer, startOpsServer } from './ops-server.ts';
import type { ProfileCall } from './profile-calls.ts';

export interface OpsOptions {
  /** The function's, or `hawker` where one process serves all. */
  name: string;
  /** All addresses where absent. */
  host: string | undefined;
  runtime: OpenRuntime;
  /** Absent where HAWKER_DIAGNOSTICS names no folder. */
  diagnostics: Diagnostics | undefined;
}

/** Throws StartError where it cannot listen. */
export function openOps({ name, host, runtime, diagnostics }: OpsOptions): Promise<OpsServer> {
  const { config, log } = runtime;
  let health: Promise<Health> | undefined;
  const healthOf = () => {
    health ??= import('./health.ts').then(({ createHealth }) => createHealth(runtime));
    return health;
  };
  let profiles: Promise<ProfileCall> | undefined;
  const profilesOf = () => {
    profiles ??= import('./profile-calls.ts').then(({ answered, createProfileCall }) =>
      answered(createProfileCall(runtime, diagnostics), runtime),
    );
    return profiles;
  };
  return startOpsServer({
    port: config.HAWKER_OPS_PORT ?? 0,
    host,
    resource: resourceOf(config, name),
    log,
    measured: runtime.measured,
    routes: {
      'GET /healthz': async (request) => (await healthOf()).live(request),
      'GET /readyz': async (request) => (await healthOf()).ready(request),
      'POST /profiles': async (request) => (await profilesOf())(request),
    },
  });
}
