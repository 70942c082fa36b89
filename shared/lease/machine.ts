/** Runs one lease's state machine (step.ts) on a clock and on records: carries out what it asks for at once, and wakes it when it wants to be woken. */
import type { Clock } from '../clock.ts';
import { AppError, messageOf } from '../errors.ts';
import type { Ids } from '../ids.ts';
import { observe } from '../telemetry/observe.ts';
import type { LeaseRecords } from './records.ts';
import { type Effect, type LeaseEvent, type LeaseState, type Now, type Outcome, standing, wakeAt } from './state.ts';
import { step } from './step.ts';

/** What a contender tells its machine; the moment is added here. */
export type Wish = WithoutMoment<Exclude<LeaseEvent, { type: 'answer' }>>;
type WithoutMoment<E> = E extends unknown ? Omit<E, 'now'> : never;

/** What the machine has to say to whoever runs it. */
export type News = Exclude<Effect, { type: 'read' | 'write' }>;

/** Requests so far, and which of them were renewals that went through. */
export interface RequestCounts {
  reads: number;
  writes: number;
  renewals: number;
}

export interface Machine {
  readonly state: LeaseState;
  readonly counts: RequestCounts;
  /** What the last request failed with; undefined after one that did not. */
  readonly trouble: unknown;
  dispatch(wish: Wish): void;
  /** What the clock alone says of the term. */
  standing(): ReturnType<typeof standing>;
  now(): Pick<Now, 'mono' | 'wall'>;
  /** Nothing is asked and nothing happens any more; answers that are under way are ignored. */
  halt(): void;
}

interface MachineParts {
  name: string;
  initial: LeaseState;
  records: LeaseRecords;
  clock: Clock;
  ids: Ids;
  told(news: News): void;
  /** After everything that one event led to. */
  settled(): void;
}

export function createMachine({ name, initial, records, clock, ids, told, settled }: MachineParts): Machine {
  const counts: RequestCounts = { reads: 0, writes: 0, renewals: 0 };
  const stopped = new AbortController();
  const effects: Effect[] = [];
  let state = initial;
  let trouble: unknown;
  let executing = false;
  let timer: { at: number; cancel: AbortController } | undefined;

  /** Where the term was acquired by an invocation, a part of that; else only measured. */
  const renewal = {
    name: 'lease.renew',
    attributes: { 'hawker.lease': name },
    measures: { metric: 'hawker.lease.renewal.duration', labels: { 'hawker.lease': name } },
  } as const;

  const now = () => ({ mono: clock.mono(), wall: clock.now() });

  /** Whoever is told something may ask for something; that comes after what is being carried out. */
  function take(event: WithoutMoment<LeaseEvent>): void {
    if (stopped.signal.aborted) return;
    const moment: Now = { ...now(), nonce: ids.unique(), jitter: ids.random() };
    const next = step(state, { ...event, now: moment });
    state = next.state;
    effects.push(...next.effects);
    if (executing) return;
    executing = true;
    for (let effect = effects.shift(); effect; effect = effects.shift()) carryOut(effect);
    executing = false;
    arm();
    settled();
  }

  function carryOut(effect: Effect): void {
    if (effect.type === 'read') {
      counts.reads++;
      void ask(effect.call, async () => {
        const sighting = await records.read(name);
        return { type: 'saw', ...(sighting && { sighting }) };
      });
    } else if (effect.type === 'write') {
      counts.writes++;
      const renews = effect.write.kind === 'renew';
      const write = async (): Promise<Outcome> => {
        const version = await records.write(name, effect.write);
        if (renews) counts.renewals++;
        return { type: 'wrote', version };
      };
      void ask(effect.call, write, renews ? renewal : undefined);
    } else told(effect);
  }

  /** One request; an answer that comes after `callMs` is none, also for the step that it is. */
  async function ask(call: number, request: () => Promise<Outcome>, as?: typeof renewal): Promise<void> {
    const { callMs } = state.timing;
    const answered = new AbortController();
    const late = () => Promise.reject(new AppError('unavailable', `no answer within ${callMs / 1_000} s`));
    let outcome: Outcome;
    try {
      const overdue = clock.sleep(callMs, AbortSignal.any([answered.signal, stopped.signal])).then(late, late);
      const inTime = () => Promise.race([request(), overdue]);
      outcome = await (as ? observe(as, inTime) : inTime());
      trouble = undefined;
    } catch (error) {
      trouble = error;
      outcome = { type: 'failed', reason: messageOf(error) };
    }
    answered.abort();
    take({ type: 'answer', call, outcome });
  }

  function arm(): void {
    const at = wakeAt(state);
    if (timer?.at === at) return;
    timer?.cancel.abort();
    timer = undefined;
    if (at === undefined) return;
    const armed = { at, cancel: new AbortController() };
    timer = armed;
    // Whole milliseconds and at least one: a timer that is early by a fraction must not be set again and again.
    const ms = Math.max(1, Math.ceil(at - clock.mono()));
    clock.sleep(ms, armed.cancel.signal).then(
      () => {
        if (timer === armed) timer = undefined;
        take({ type: 'tick' });
      },
      () => {},
    );
  }

  return {
    get state() {
      return state;
    },
    counts,
    get trouble() {
      return trouble;
    },
    dispatch: take,
    standing: () => standing(state, now()),
    now,
    halt() {
      stopped.abort();
      timer?.cancel.abort();
      timer = undefined;
    },
  };
}
