/** Whether the process can do its work, as `/readyz` tells. */
import type { Runtime } from '#shared/define.ts';
import { healthChecksOf, PATIENCE_MS } from '#shared/serve/health-checks.ts';

export interface DependencyRow {
  name: string;
  /** Undefined where it was not used yet. */
  ready?: boolean;
  /** Whether the process is of no use without it. */
  must: boolean;
  reason?: string;
  /** RFC 3339, when it was last seen to be good: of one that is not ready. */
  goodAt?: string;
}

type Parts = Pick<Runtime, 'store' | 'queue' | 'clock' | 'log'>;

export async function readReadiness(parts: Parts): Promise<DependencyRow[]> {
  const states = await healthChecksOf(parts).states(PATIENCE_MS);
  const epoch = parts.clock.now() - parts.clock.mono();
  return [...states].map(([name, { ready, must, reason, goodAt }]) => ({
    ...{ name, must },
    ...(ready !== undefined && { ready }),
    ...(ready === false && { reason: reason ?? 'nobody knows why' }),
    ...(ready === false && goodAt !== undefined && { goodAt: new Date(epoch + goodAt).toISOString() }),
  }));
}

/** Whether all is there that the process needs, as far as anybody knows. */
export function isReady(rows: readonly DependencyRow[] = []): boolean {
  return !rows.some(({ must, ready }) => must && ready === false);
}
