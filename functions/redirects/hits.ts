/**
 * Hands hits to the queue behind the answers' back. A hit is held here until the queue has it: published at once, again with growing
 * pauses while the queue says it may work later. What is held is bounded; when it fills up, answers wait for their hits (`pressed`), and only what
 * comes on top of that is lost, counted and logged.
 */
import type { Clock } from '#shared/clock.ts';
import { isRetryable, messageOf } from '#shared/errors.ts';
import type { NewEvent } from '#shared/events/event.ts';
import type { Ids } from '#shared/ids.ts';
import { HIT_TOPIC, type Hit, type HitLabel } from '#shared/links/records.ts';
import type { Log } from '#shared/log.ts';
import type { Queue } from '#shared/queue/queue.ts';
import { backoffMs } from '#shared/retry.ts';
import { gauge, tally } from '#shared/telemetry/metrics.ts';
import { currentScope, outgoingTraceparent, runOutOfScope } from '#shared/telemetry/scope.ts';
import { TRACEPARENT } from '#shared/telemetry/trace-context.ts';

export interface Hits {
  /** `visitor` is added to the hit when it is known; `done` is called when the queue has the hit, or it is lost. */
  hand(hit: Hit, visitor?: Promise<string | undefined>, done?: () => void): void;
  /** Whether so many hits are held that answers should wait for theirs. */
  pressed(): boolean;
  /** Tries to get rid of all that is held, for at most `withinMs`, and logs how many hits could not be handed on. */
  drain(withinMs: number): Promise<void>;
}

export const PRESSED = 5_000;
export const MOST_HELD = 20_000;
const SOURCE = '//hawker/redirects';
const LOG_EVERY_MS = 10_000;
const BACKOFF = { baseMs: 200, maxMs: 5_000 };
const DRAIN_PAUSE_MS = 100;
/** How many refused hits are published at a time, so that answers come between them. */
const SLICE = 500;

interface Held {
  event: NewEvent<Hit>;
  done: (() => void) | undefined;
}

export function createHits(queue: Queue, clock: Clock, ids: Ids, log: Log): Hits {
  let held = 0;
  let failures = 0;
  /** While it is waited for the next try: what ends the wait. */
  let pause: AbortController | undefined;
  let draining = false;
  let lost = 0;
  let lostInAll = 0;
  const handed: Record<HitLabel, number> = { human: 0, bot: 0, preview: 0, prefetch: 0, head: 0, scanner: 0 };
  let toldAt = -Infinity;
  const refused: Held[] = [];
  let whenEmpty: (() => void) | undefined;

  const settle = ({ done }: Held) => {
    held--;
    done?.();
    if (held === 0) whenEmpty?.();
  };

  const lose = (reason: string) => {
    lost++;
    lostInAll++;
    if (clock.mono() - toldAt < LOG_EVERY_MS) return;
    toldAt = clock.mono();
    log.error('hits were lost', { lost, reason });
    lost = 0;
  };

  const publish = (one: Held) => {
    queue.publish(HIT_TOPIC, one.event).then(
      () => {
        if (failures > 0) runOutOfScope(() => log.info('the queue takes hits again', { held }));
        failures = 0;
        settle(one);
      },
      (error: unknown) => {
        if (isRetryable(error)) {
          refused.push(one);
          void runOutOfScope(publishLater);
        } else {
          lose(messageOf(error));
          settle(one);
        }
      },
    );
  };

  const publishKnowing = (one: Held, visitor: Promise<string | undefined> | undefined) => {
    if (!visitor) return publish(one);
    void visitor.then((known) => {
      if (known !== undefined) one.event.data.visitor = known;
      publish(one);
    });
  };

  const publishRefused = () => {
    for (const one of refused.splice(0, SLICE)) publish(one);
    if (refused.length > 0 && !pause) setImmediate(publishRefused);
  };

  const publishLater = async () => {
    if (pause) return;
    pause = new AbortController();
    failures++;
    if (failures === 1) log.warn('the queue refuses hits; they are kept and tried again');
    const ms = draining ? DRAIN_PAUSE_MS : backoffMs(failures, { ...BACKOFF, ids });
    await clock.sleep(ms, pause.signal).catch(() => {});
    pause = undefined;
    publishRefused();
  };

  const empty = () =>
    new Promise<void>((resolve) => {
      whenEmpty = resolve;
      if (held === 0) resolve();
    });

  tally('hawker.redirect.hits', () =>
    (Object.keys(handed) as HitLabel[]).map((label) => ({ labels: { 'hawker.label': label }, value: handed[label] })),
  );
  gauge('hawker.redirect.hits.held', () => [{ labels: {}, value: held }]);
  tally('hawker.redirect.hits.lost', () => [{ labels: {}, value: lostInAll }]);

  return {
    hand(hit, visitor, done) {
      handed[hit.label]++;
      if (held >= MOST_HELD) {
        lose('too many are waiting for the queue');
        done?.();
        return;
      }
      held++;
      const time = timeOf(clock.now());
      const event: NewEvent<Hit> = { id: ids.unique(), source: SOURCE, type: HIT_TOPIC, time, data: hit };
      const one = { event, done };
      const scope = currentScope();
      // Only those of a recorded request carry its trace on: the others would cost more to store, for a trace that nobody can look at.
      if (!scope?.span) return scope ? runOutOfScope(() => publishKnowing(one, visitor)) : publishKnowing(one, visitor);
      const traceparent = outgoingTraceparent();
      if (traceparent !== undefined) event.attributes = { [TRACEPARENT]: traceparent };
      publishKnowing(one, visitor);
    },
    pressed: () => held >= PRESSED,
    async drain(withinMs) {
      draining = true;
      pause?.abort();
      const over = new AbortController();
      await Promise.race([empty(), clock.sleep(withinMs, over.signal).catch(() => {})]);
      over.abort();
      lostInAll += held;
      if (held + lost > 0)
        log.error('hits were lost', { lost: held + lost, reason: 'the queue did not take them in time' });
    },
  };
}

let lastMs = 0;
let lastTime = '';

/** RFC 3339. Many hits fall into one millisecond. */
function timeOf(now: number): string {
  if (now !== lastMs) {
    lastMs = now;
    lastTime = new Date(now).toISOString();
  }
  return lastTime;
}
