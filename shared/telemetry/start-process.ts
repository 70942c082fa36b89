/** Starts telemetry as the settings say, and prints how many modules were loaded that only sending needs; for tests. */
import { registerHooks } from 'node:module';

let loaded = 0;
registerHooks({
  load(url, context, next) {
    if (/@opentelemetry|protobufjs|otel-client|otlp/.test(url)) loaded++;
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
process.stderr.write(String(loaded));
await runtime.close(0);
