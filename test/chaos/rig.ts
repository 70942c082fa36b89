/** A chaos run within a test's own process: on a backing of the test's choice, and with workers that are wrong on purpose. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Backing } from '../../scripts/lease/chaos/backing.ts';
import { type ChaosOptions, type ChaosReport, runChaos } from '../../scripts/lease/chaos/run-chaos.ts';

/** Opens the backing in a folder that goes with it. */
export async function chaosOn(
  open: (folder: string) => Promise<Backing>,
  given: Pick<ChaosOptions, 'seconds' | 'durationMs' | 'faults' | 'procs'> & Partial<ChaosOptions>,
): Promise<ChaosReport> {
  const folder = mkdtempSync(join(tmpdir(), 'hawker-chaos-'));
  try {
    const backing = await open(folder);
    try {
      return await runChaos({
        backing,
        name: `chaos-${randomBytes(6).toString('hex')}`,
        seed: randomBytes(4).readUInt32BE(0),
        folder,
        signal: new AbortController().signal,
        say: () => {},
        ...given,
      });
    } finally {
      await backing.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
