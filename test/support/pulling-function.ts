/** A message function served alone, as the build does it, for test/e2e/fetched.test.ts. It prints the id of each event. */
import type { FunctionRow } from '#shared/define.ts';
import { subscriptionsOf } from '#shared/define.ts';
import { serveFunction } from '#shared/serve/function-server.ts';

const row: FunctionRow = {
  ...{ name: 'listener', summary: 'Listens', trigger: { type: 'message', topic: 'news' }, ingress: 'internal' },
  ...{ callers: 'push', serve: 'app', store: {}, publishes: [], blobs: 'none', google: [], memory: 128, cpu: 1 },
  ...{ concurrency: 1, timeout: 10, retries: 5, settings: [], secrets: [] },
};
await serveFunction(row, subscriptionsOf([row]), () => ({
  kind: 'message',
  async handle({ id }) {
    process.stdout.write(`heard ${id}\n`);
  },
})).main();
