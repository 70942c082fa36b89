/**
 * What the code that runs just now is doing it for: one invocation (a request, an event, a firing), and the span it is in.
 *
 * The scope follows the code through awaits by itself. Like OpenTelemetry's own context it belongs to the process and is not handed around: what observes must not
 * change the signatures of what is observed.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Span } from '@opentelemetry/api';
import type { Log } from '../log.ts';
import { formatTraceparent, type TraceContext } from './trace-context.ts';

export interface Scope {
  /** Absent where nobody outside gave a trace and none was begun here. */
  trace: TraceContext | undefined;
  /** Where the trace is recorded here. */
  span: Span | undefined;
  invocation: InvocationNotes;
}

/** What is gathered while an invocation runs, for the one line at its end. */
export interface InvocationNotes {
  /** Fields of the line. */
  fields: Record<string, unknown>;
  /** By the step's name: how often, and how long in all, in milliseconds. */
  steps: Map<string, { times: number; ms: number }>;
  /** Whether lines of every severity are written for it, and it is traced, whatever the settings say. */
  debug: boolean;
  /** Of what is debugged: where its steps are told, in the words of whoever answers it. */
  log?: Log;
}

const storage = new AsyncLocalStorage<Scope | undefined>();

export function currentScope(): Scope | undefined {
  return storage.getStore();
}

export function runInScope<T>(scope: Scope, work: () => T): T {
  return storage.run(scope, work);
}

/** For what one invocation happens to begin and all share, such as a loop: it is part of none. */
export function runOutOfScope<T>(work: () => T): T {
  return storage.run(undefined, work);
}

/** Adds fields to the line of the invocation that runs; nothing where none does. Never a secret, as with the log. */
export function note(fields: Record<string, unknown>): void {
  const scope = storage.getStore();
  if (scope) Object.assign(scope.invocation.fields, fields);
}

/** What to send along, as `traceparent`, with a request or an event that is made here; undefined where there is no trace. */
export function outgoingTraceparent(): string | undefined {
  const trace = storage.getStore()?.trace;
  return trace && formatTraceparent(trace);
}
