/** What the metrics tell of a job's images. */
import { isRetryable } from '../errors.ts';
import { count, record } from '../telemetry/metrics.ts';
import { note } from '../telemetry/scope.ts';
import type { JobOutcome } from './outcome.ts';
import type { Outcomes } from './outcomes.ts';
import type { Prepared } from './prepare.ts';

/** Those of one job, once it has come to its end. What may pass is not counted: whoever tries again counts then. */
export async function countingImages(asked: number, work: () => Promise<JobOutcome>): Promise<JobOutcome> {
  try {
    const outcome = await work();
    const placed = outcome.images.filter(({ state }) => state === 'inserted' || state === 'verified').length;
    note({ placed, notPlaced: asked - placed, writes: outcome.writes });
    told(placed, asked - placed);
    return outcome;
  } catch (error) {
    if (!isRetryable(error)) told(0, asked);
    throw error;
  }
}

function told(placed: number, failed: number): void {
  if (placed > 0) count('hawker.slides.images', { 'hawker.outcome': 'placed' }, placed);
  if (failed > 0) count('hawker.slides.images', { 'hawker.outcome': 'failed' }, failed);
}

/** Sizes of what Google is about to fetch. */
export function measureServed(prepared: readonly Prepared[], outcomes: Outcomes): void {
  for (const { aim, served } of prepared) {
    const converted = outcomes.of(aim.index).changes.length > 0 ? 'yes' : 'no';
    for (const { size } of served) record('hawker.slides.image.size', size, { 'hawker.converted': converted });
  }
}
