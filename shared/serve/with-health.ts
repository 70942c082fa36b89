/** A function on a host of its own says there how it is. */
import type { HttpFunction } from '../define.ts';
import { openedOnce } from '../opened-once.ts';
import type { OpenRuntime } from '../runtime.ts';

const ASKED = /^https?:\/\/[^/]*\/(?:healthz|readyz)(?:\?|$)/;

/** Answers `/healthz` and `/readyz` before `fetch` sees them. What answers is loaded when somebody asks. */
export function withHealth(fetch: HttpFunction['fetch'], runtime: OpenRuntime): HttpFunction['fetch'] {
  const health = openedOnce(async () => (await import('./health.ts')).createHealth(runtime));
  return async (request, from) => {
    if (!ASKED.test(request.url)) return fetch(request, from);
    return (await health()).answer(request) ?? fetch(request, from);
  };
}
