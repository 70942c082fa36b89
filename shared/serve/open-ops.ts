/** What the second port of a process offers. Loaded only where HAWKER_OPS_PORT is set; health and profiles only when somebody asks for them. */
import { openedOnce } from '../opened-once.ts';
import type { OpenRuntime } from '../runtime.ts';
import { resourceOf } from '../telemetry/resource.ts';
import type { Diagnostics } from './diagnostics.ts';
import { type OpsServer, startOpsServer } from './ops-server.ts';

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
  const health = openedOnce(async () => (await import('./health.ts')).createHealth(runtime));
  const profiles = openedOnce(async () => {
    const { answered, createProfileCall } = await import('./profile-calls.ts');
    return answered(createProfileCall(runtime, diagnostics), runtime);
  });
  return startOpsServer({
    port: config.HAWKER_OPS_PORT ?? 0,
    host,
    resource: resourceOf(config, name),
    log,
    measured: runtime.measured,
    routes: {
      'GET /healthz': async (request) => (await health()).live(request),
      'GET /readyz': async (request) => (await health()).ready(request),
      'POST /profiles': async (request) => (await profiles())(request),
    },
  });
}
