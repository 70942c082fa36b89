/** Opens the leases that the settings name, for a command: nothing but them and the store beneath. */
import { systemClock } from '#shared/clock.ts';
import { systemIds } from '#shared/ids.ts';
import { openLeases } from '#shared/lease/index.ts';
import type { Leases } from '#shared/lease/lease.ts';
import { openStore } from '#shared/store/index.ts';
import { openWorkplace } from '../command/workplace.ts';

const CLOSE_MS = 3_000;

/** Closed with the scope: `await using`. Throws ConfigError and AppError. */
export async function openConfigured(): Promise<{ leases: Leases } & AsyncDisposable> {
  const { config, log, database, close } = openWorkplace('lease', 'made');
  const parts = { clock: systemClock, ids: systemIds };
  const store = await openStore(config, { ...parts, database });
  try {
    // Loading its SDK and connecting take longer than any one request about a short lease may.
    if (store.remote) await store.check();
    const leases = await openLeases(config, { ...parts, store, log });
    return {
      leases,
      async [Symbol.asyncDispose]() {
        await leases.close(CLOSE_MS);
        await store.close();
        close();
      },
    };
  } catch (error) {
    await store.close();
    close();
    throw error;
  }
}
