/** Where traces and metrics begin and end in a process. What they need is loaded only where a collector is named. */
import type { Clock } from '../clock.ts';
import type { Config } from '../config.ts';
import { messageOf } from '../errors.ts';
import type { Ids } from '../ids.ts';
import type { Log } from '../log.ts';

export interface TelemetryOptions {
  config: Config;
  /** The function's, or `hawker` where one process serves all; without it nothing is started. */
  name: string | undefined;
  log: Log;
  clock: Clock;
  ids: Ids;
}

/** Nothing here rejects for a reason of its own, whatever the collector does. */
export interface Telemetry {
  /**
   * Runs one invocation. Where the platform may take the CPU away after it, it is over only when its spans are sent, or a second later, or at once where the
   * collector is known to be away.
   */
  finish<T>(work: () => Promise<T>): Promise<T>;
  /** Sends what there is, and resolves then, or after `withinMs`, or at once where the collector is known to be away. */
  flush(withinMs: number): Promise<void>;
  /** Sends what there is, takes nothing more, and resolves within `withinMs`. */
  close(withinMs: number): Promise<void>;
}

const OFF: Telemetry = {
  finish: (work) => work(),
  flush: () => Promise.resolve(),
  close: () => Promise.resolve(),
};

let inUse = OFF;

/** Whether the settings want traces and metrics sent. */
export function isSent(config: Pick<Config, 'OTEL_EXPORTER_OTLP_ENDPOINT' | 'OTEL_SDK_DISABLED'>): boolean {
  return config.OTEL_EXPORTER_OTLP_ENDPOINT !== undefined && !config.OTEL_SDK_DISABLED;
}

/** Never rejects: who cannot be observed works all the same. */
export async function startTelemetry({ name, ...options }: TelemetryOptions): Promise<Telemetry> {
  if (!isSent(options.config) || name === undefined) return OFF;
  try {
    const { openOtlp } = await import('./open-otlp.ts');
    inUse = await openOtlp({ ...options, name });
  } catch (error) {
    options.log.error('traces and metrics could not be started', { reason: messageOf(error) });
  }
  return inUse;
}

/** For who answers by itself, such as redirects on Cloud Run; nothing where nothing was started. */
export function flushTelemetry(withinMs: number): Promise<void> {
  return inUse.flush(withinMs);
}
