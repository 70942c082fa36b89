/** A firing of a schedule as one invocation, at each attempt. */
import { systemClock } from '../clock.ts';
import { isAppError } from '../errors.ts';
import type { Log } from '../log.ts';
import type { FiringEnd } from '../schedule/firings.ts';
import { isUnexpected } from './error-report.ts';
import { beginInvocation, type InvocationEnd } from './invocation.ts';
import { gauge, record } from './metrics.ts';
import type { TraceContext } from './trace-context.ts';

export interface FiringOptions {
  log: Log;
  /** The schedule's, which is the function's too. */
  name: string;
  firing: string;
  fields?: Record<string, unknown>;
  parent?: TraceContext | undefined;
  debug?: boolean;
  /** What an error means to whoever carries it: whether it comes again, the message of the line, and how bad it is. */
  judge(error: unknown): Pick<InvocationEnd, 'message' | 'severity'> & { outcome: 'again' | 'failed' };
}

type End = FiringEnd | 'idle';

/** How bad an end is. One that has nothing to do is not worth a line each minute. */
const SEVERITY: Record<End, InvocationEnd['severity']> = {
  done: 'INFO',
  skipped: 'INFO',
  idle: 'DEBUG',
  failed: 'ERROR',
};

/** By the schedule's name, when it last came to a good end, in seconds since 1970. */
const successes = new Map<string, number>();

let forget: (() => void) | undefined;

function noteSuccess(name: string): void {
  successes.set(name, systemClock.now() / 1000);
  forget?.();
  forget = gauge('hawker.schedule.last_success', () =>
    [...successes].map(([schedule, value]) => ({ labels: { 'faas.name': schedule }, value })),
  );
}

/** Of an error that the firing noted, and when the next one is due, where that is known. */
function failureText({ error, next }: Record<string, unknown>): string {
  if (!isAppError(error) || !error.mayPass) return 'a firing can never succeed and is given up';
  return `a firing failed; the next one tries again${typeof next === 'string' ? ` (${next})` : ''}`;
}

/** Answers and throws what `work` does. */
export async function carryFiring(options: FiringOptions, work: () => Promise<End>): Promise<End> {
  const { log, name, firing, fields, parent, debug = false, judge } = options;
  const invocation = beginInvocation({
    kind: 'firing',
    name,
    log,
    parent,
    debug,
    attributes: { 'faas.name': name, 'faas.trigger': 'timer' },
  });
  const { scope } = invocation;
  Object.assign(scope.invocation.fields, { function: name, requestId: firing, firing, ...fields });
  const end = (outcome: End | 'again', told: Pick<InvocationEnd, 'message' | 'severity' | 'error'>) => {
    const seconds = invocation.end({ outcome, ...told });
    const labels = { 'faas.name': name, 'hawker.outcome': outcome };
    record('hawker.schedule.firing.duration', seconds, labels, scope.span?.spanContext());
  };
  try {
    const came = await invocation.run(work);
    if (came === 'done' || came === 'idle') noteSuccess(name);
    end(came, {
      severity: SEVERITY[came],
      ...(came === 'failed' && { message: failureText(scope.invocation.fields) }),
    });
    return came;
  } catch (error) {
    const { outcome, message, severity } = judge(error);
    end(outcome, {
      // What is nobody's failure needs no stack.
      ...(severity !== 'DEBUG' && { error }),
      severity: isUnexpected(error) ? 'ERROR' : severity,
      ...(message !== undefined && { message }),
    });
    throw error;
  }
}
