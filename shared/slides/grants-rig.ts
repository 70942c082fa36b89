/** Both sides of grants as tests need them: over one store, on a clock that stands still. */
import { loadConfig } from '../config.ts';
import { systemIds } from '../ids.ts';
import { withShorthands } from '../store/index.ts';
import { createMemoryDriver } from '../store/memory.ts';
import type { Store } from '../store/store.ts';
import { createFakeClock } from '../testing/fake-clock.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import { createGrantReader } from './grant-reader.ts';
import { FETCHES, type FetchRecord } from './grant-record.ts';
import type { NewGrant } from './grants.ts';
import { createGrants } from './open-grants.ts';

export const KEY = 'k'.repeat(32);
export const IMAGE: NewGrant = {
  job: 'job-of-the-test',
  image: '3.0',
  blob: '6955b900-blob',
  sha256: 'ab'.repeat(32),
  type: 'image/png',
  size: 1_234,
  uses: 1,
};
export const VISIT = { userAgent: 'Google-Apps', address: '192.0.2.1' };

export function createGrantsRig(
  store: Store = withShorthands(createMemoryDriver()),
  settings: Record<string, string> = {},
) {
  const fake = createFakeClock();
  // Waits between two attempts are over at once.
  const clock = { ...fake, sleep: async () => undefined };
  const log = createKeptLog();
  const config = loadConfig({ HAWKER_PUBLIC_URL: 'https://images.example', HAWKER_IMAGE_KEYS: KEY, ...settings });
  const parts = { store, config, clock, ids: systemIds, log };
  const grants = createGrants(parts);
  const reader = createGrantReader(parts);
  return {
    ...parts,
    grants,
    reader,
    advance: (ms: number) => fake.advance(ms),
    async open(given: Partial<NewGrant> = {}) {
      const { id, address } = await grants.open({ ...IMAGE, ...given });
      const token = tokenOf(address);
      return { id, address, token, take: () => reader.take(token, VISIT), look: () => reader.look(token) };
    },
    async fetches() {
      return (await store.list<FetchRecord>(FETCHES, { limit: 100 })).docs;
    },
  };
}

export function tokenOf(address: string): string {
  return address.slice(address.lastIndexOf('/') + 1);
}
