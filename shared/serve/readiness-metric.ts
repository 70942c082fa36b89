/** Tells whoever collects how what this process needs is. Loaded only where metrics are taken. */
import { gauge } from '../telemetry/metrics.ts';
import { runOutOfScope } from '../telemetry/scope.ts';
import { type HealthParts, healthChecksOf, PATIENCE_MS } from './health-checks.ts';

/** Milliseconds between two checks that are made only for the metrics: each writes to the store, which costs money where that is across the network. */
const CHECK_EVERY_MS = { local: 15_000, remote: 60_000 };

/** Answers what ends it. A collection is told what is known, and has it looked at anew for the next one: nobody waits for a store. */
export function startReadinessMetric(parts: HealthParts): () => void {
  const checks = healthChecksOf(parts);
  const everyMs = parts.store.remote ? CHECK_EVERY_MS.remote : CHECK_EVERY_MS.local;
  let checkedAt = Number.NEGATIVE_INFINITY;
  return gauge('hawker.dependency.ready', () => {
    const now = parts.clock.mono();
    if (now - checkedAt >= everyMs) {
      checkedAt = now;
      void runOutOfScope(() => checks.states(PATIENCE_MS));
    }
    return [...checks.known()].flatMap(([name, { ready }]) =>
      ready === undefined ? [] : [{ labels: { 'hawker.dependency': name }, value: ready ? 1 : 0 }],
    );
  });
}
