/** A function on a host of its own says there how it is. */
import type { HttpFunction } from '../define.ts';
import type { OpenRuntime } from '../runtime.ts';
import type { Health } from './health.ts';

const ASKED = /^https?:\/\/[^/]*\/(?:healthz|readyz)(?:\?|$)/;

/** Answers `/healthz` and `/readyz` before `fetch` sees them. What answers is loaded when somebody asks. */
export function withHealth(fetch: HttpFunction['fetch'], runtime: OpenRuntime): HttpFunction['fetch'] {
  let health: Promise<Health> | undefined;
  return async (request, from) => {
    if (!ASKED.test(request.url)) return fetch(request, from);
    health ??= import('./health.ts').then(({ createHealth }) => createHealth(runtime));
    return (await health).answer(request) ?? fetch(request, from);
  };
}
