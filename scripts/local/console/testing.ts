/** An overview for tests: of a process in which nothing happened yet, but for what is given. */
import type { Overview } from './overview.ts';

export function overviewOf(given: Partial<Overview>): Overview {
  const none = Array.from({ length: 60 }, () => 0);
  return {
    now: '2026-01-01T00:00:00.000Z',
    minute: { requests: 0, failures: 0, otherFailures: 0, p50Ms: 0, p99Ms: 0, pace: { ended: none, failures: none } },
    invocations: [],
    failures: [],
    readiness: {
      value: [
        { name: 'store', must: true, ready: true },
        { name: 'queue', must: true, ready: true },
      ],
    },
    queue: { value: [] },
    leases: { value: [] },
    schedules: { value: [] },
    process: {
      ...{ since: '2026-01-01T00:00:00.000Z', memory: 100, node: 'v24.0.0', pid: 1 },
      ...{ store: 'sqlite', queue: 'embedded' },
    },
    ...given,
  };
}
