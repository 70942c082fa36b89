/**
 * Gathers what arrives within a moment and has it done together. One batch is under way at a time; what comes meanwhile forms the next.
 * Each caller waits for its own item's end.
 *
 * A batch is part of one of the invocations that its items came with: of the first that is traced, else of the first. The traces of the others link to it, and it to them.
 */
import type { Clock } from '#shared/clock.ts';
import { observe } from '#shared/telemetry/observe.ts';
import { currentScope, runInScope, runOutOfScope, type Scope } from '#shared/telemetry/scope.ts';

export interface BatchOptions<T> {
  /** Does all items at once and answers, in their order, undefined or the error of each. */
  work: (items: readonly T[]) => Promise<unknown[]>;
  /** Most items in a batch. */
  maxItems: number;
  /** How long the first of a batch waits for company, in milliseconds. */
  waitMs: number;
  clock: Clock;
}

export interface Batch<T> {
  /** Resolves when the item is done; throws what `work` answered for it. */
  add(item: T): Promise<void>;
  /** Waits for no more company and resolves when all that was added is done, or after `withinMs`. */
  drain(withinMs: number): Promise<void>;
}

interface Waiting<T> {
  item: T;
  settled: PromiseWithResolvers<void>;
  scope: Scope | undefined;
}

export function createBatch<T>({ work, maxItems, waitMs, clock }: BatchOptions<T>): Batch<T> {
  const waiting: Waiting<T>[] = [];
  let running: Promise<void> | undefined;
  let company = new AbortController();
  let draining = false;

  async function run(): Promise<void> {
    while (waiting.length > 0) {
      if (waiting.length < maxItems && !draining) {
        company = new AbortController();
        await clock.sleep(waitMs, company.signal).catch(() => undefined);
      }
      const batch = waiting.splice(0, maxItems);
      const errors = await observed(batch, () => work(batch.map(({ item }) => item))).catch((error: unknown) =>
        batch.map(() => error),
      );
      batch.forEach(({ settled }, index) => {
        if (errors[index] === undefined) settled.resolve();
        else settled.reject(errors[index]);
      });
    }
    running = undefined;
  }

  return {
    add(item) {
      const settled = Promise.withResolvers<void>();
      waiting.push({ item, settled, scope: currentScope() });
      if (waiting.length >= maxItems) company.abort();
      running ??= runOutOfScope(run);
      return settled.promise;
    },
    async drain(withinMs) {
      draining = true;
      company.abort();
      const enough = new AbortController();
      const late = clock.sleep(withinMs, enough.signal).catch(() => undefined);
      await Promise.race([running, late]);
      enough.abort();
    },
  };
}

function observed<R>(batch: readonly Waiting<unknown>[], work: () => Promise<R>): Promise<R> {
  const spans = batch.flatMap(({ scope }) => scope?.span ?? []);
  const [first = batch[0]?.scope] = batch.flatMap(({ scope }) => (scope?.span ? scope : []));
  const step = { name: 'clicks.batch', attributes: { 'messaging.batch.message_count': batch.length } };
  const run = () =>
    observe(step, (span) => {
      for (const other of spans.slice(1)) {
        span?.addLink({ context: other.spanContext() });
        if (span) other.addLink({ context: span.spanContext() });
      }
      return work();
    });
  return first ? runInScope(first, run) : run();
}
