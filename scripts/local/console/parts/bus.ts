/** How LTA DataMall is doing. Nothing is asked of it. */
import type { Runtime } from '#shared/define.ts';

export interface BusState {
  /** Without a key arrivals are a demo. */
  mode: 'live' | 'demo';
  /** Calls that could be made at this moment, of those that may be made in a minute. */
  callsLeft?: number;
  callsPerMinute?: number;
  breaker?: string;
  /** Since the start. */
  calls?: number;
  failures?: number;
}

export async function readBus({ lta }: Pick<Runtime, 'lta'>): Promise<BusState> {
  const { feed } = await lta();
  if (!feed) return { mode: 'demo' };
  const { callsLeft, callsPerMinute, breaker, calls, failures } = feed.state();
  return { mode: 'live', callsLeft: Math.floor(callsLeft), callsPerMinute, breaker, calls, failures };
}
