/** Starts telemetry as the settings say, and prints which modules were loaded that it alone needs, one a line; for tests. */
import { registerHooks } from 'node:module';

const loaded: string[] = [];
registerHooks({
  load(url, context, next) {
    if (/@opentelemetry|protobufjs|otel-client|otlp/.test(url)) loaded.push(url);
    return next(url, context);
  },
});

const [{ systemClock: clock }, { loadConfig }, { systemIds: ids }, { processLog }, { openRuntime }] = await Promise.all(
  [
    import('../clock.ts'),
    import('../config.ts'),
    import('../ids.ts'),
    import('../serve/process-log.ts'),
    import('../runtime.ts'),
  ],
);
const config = loadConfig();
const log = processLog(config);
const runtime = await openRuntime({ config, log, clock, ids, subscriptions: [], prefix: '', name: 'bus' });
await runtime.telemetry.flush(1);
process.stderr.write(loaded.join('\n'));
await runtime.close(0);
