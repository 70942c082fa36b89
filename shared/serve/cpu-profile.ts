/** A CPU profile of this process, with what it did meanwhile. */
import type { Clock } from '../clock.ts';
import { keepRecent, onInvocation, type RecentInvocation } from '../telemetry/recent.ts';

/** Kinds of invocations that are told apart. */
const MOST_KINDS = 200;

interface Busy {
  function: string;
  route: string;
  invocations: number;
  /** Milliseconds from beginning to end, waiting included: what the CPU did for them is what the profile shows. */
  ms: number;
}

/**
 * As JSON that Chrome's developer tools, VS Code and `speedscope` open. The format knows no labels, so which functions and routes the time may have gone to is in a field of
 * its own, `x-hawker`: the invocations that ended while it was recorded, the ones that took longest together first.
 */
export async function profileCpu(ms: number, clock: Clock, enough: AbortSignal): Promise<string> {
  const { Session } = await import('node:inspector/promises');
  const session = new Session();
  session.connect();
  const busy = new Map<string, Busy>();
  keepRecent();
  const unheard = onInvocation((one) => count(busy, one));
  const startedAt = new Date(clock.now()).toISOString();
  try {
    await session.post('Profiler.enable');
    await session.post('Profiler.start');
    await clock.sleep(ms, enough).catch(() => undefined);
    const { profile } = await session.post('Profiler.stop');
    const endedAt = new Date(clock.now()).toISOString();
    const invocations = [...busy.values()].sort((a, b) => b.ms - a.ms);
    for (const each of invocations) each.ms = Math.round(each.ms * 10) / 10;
    return JSON.stringify({ ...profile, 'x-hawker': { startedAt, endedAt, invocations } });
  } finally {
    unheard();
    session.disconnect();
  }
}

function count(busy: Map<string, Busy>, one: RecentInvocation): void {
  const key = `${one.function}\0${one.name}`;
  const found = busy.get(key) ?? (busy.size < MOST_KINDS ? undefined : busy.get('')) ?? begun(busy, key, one);
  found.invocations++;
  found.ms += one.ms;
}

function begun(busy: Map<string, Busy>, key: string, one: RecentInvocation): Busy {
  const full = busy.size >= MOST_KINDS;
  const made: Busy = { function: full ? '' : one.function, route: full ? '_OTHER' : one.name, invocations: 0, ms: 0 };
  busy.set(full ? '' : key, made);
  return made;
}
