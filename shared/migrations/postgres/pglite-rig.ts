/** One PostgreSQL within this process for a file's tests, emptied after each. */
import { systemClock } from '../../clock.ts';
import type { DatabaseUnderTest } from '../contract-rig.ts';
import { openPostgres } from '../postgres.ts';
import { type PgliteServer, startPglite } from './pglite-server.ts';
import { pgliteWire } from './pglite-wire.ts';

const TARGET = { table: 'schema_migrations', lockTimeoutMs: 1_000, statementTimeoutMs: 0 };

interface PgliteUnderTest extends AsyncDisposable {
  start(): Promise<DatabaseUnderTest>;
}

export function createPgliteRig(): PgliteUnderTest {
  let server: Promise<PgliteServer> | undefined;
  const ofAll = new AbortController();
  return {
    async start() {
      server ??= startPglite({ extensions: [], clock: systemClock, signal: ofAll.signal });
      const { ask, route } = await server;
      const { Client } = await import('../pg-client.ts');
      const peer = new Client({ ssl: false, stream: () => pgliteWire({ ask, full: false, left: () => {} }) });
      await peer.connect();
      return {
        open: async (signal = AbortSignal.timeout(60_000)) => {
          signal.throwIfAborted();
          return openPostgres(TARGET, route, { signal, application: 'test', clock: systemClock });
        },
        query: async (sql) => (await peer.query({ text: sql, rowMode: 'array' })).rows as unknown[][],
        close: async () => {
          await peer.query('drop schema public cascade');
          await peer.query('create schema public');
          await peer.end();
        },
      };
    },
    [Symbol.asyncDispose]: async () => (await server)?.[Symbol.asyncDispose](),
  };
}
