/** The command as one invocation, sent to the collector that OTEL_EXPORTER_OTLP_ENDPOINT names before it ends. */
import type { Clock } from '#shared/clock.ts';
import type { Config } from '#shared/config.ts';
import type { Ids } from '#shared/ids.ts';
import { createLog } from '#shared/log.ts';
import { beginInvocation } from '#shared/telemetry/invocation.ts';
import { startTelemetry } from '#shared/telemetry/start-telemetry.ts';
import { oneLine } from '../command/print.ts';
import { EXIT } from './exit-codes.ts';

/** Most that the end of the command waits for the collector. */
const LAST_MS = 2_000;
/** What the caller asked for, or may go on with. */
const GOOD: readonly number[] = [EXIT.done, EXIT.noChange, EXIT.pending, EXIT.continued];

export interface ObservedCommand {
  /** Runs all that it does, and answers its exit code. */
  run(name: string, work: () => Promise<number>): Promise<number>;
  /** Resolves when all is sent, or two seconds later. */
  close(): Promise<void>;
}

export async function observeCommand(parts: { config: Config; clock: Clock; ids: Ids }): Promise<ObservedCommand> {
  let told = false;
  const telemetry = await startTelemetry({
    ...parts,
    name: 'migrate',
    log: createLog({
      write(line) {
        // Traces and metrics fail for the same reason.
        if (!told) process.stderr.write(`migrate: ${oneLine(line)}\n`);
        told = true;
      },
      now: parts.clock.now,
      format: 'text',
      level: 'WARNING',
    }),
  });
  return {
    async run(name, work) {
      // What there is to say of it, the command says itself.
      const log = createLog({ write: () => undefined, now: parts.clock.now, format: 'json' });
      const invocation = beginInvocation({ kind: 'command', name, log });
      try {
        const code = await invocation.run(work);
        const good = GOOD.includes(code);
        const attributes = { 'process.exit.code': code };
        invocation.end({ outcome: good ? 'ok' : 'failed', severity: good ? 'INFO' : 'ERROR', attributes });
        return code;
      } catch (error) {
        invocation.end({ outcome: 'failed', severity: 'ERROR', error });
        throw error;
      }
    },
    close: () => telemetry.close(LAST_MS),
  };
}
