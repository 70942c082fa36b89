/** Opens what a process has of LTA DataMall. */
import type { Config } from '../config.ts';
import type { Runtime } from '../define.ts';
import { gauge } from '../telemetry/metrics.ts';
import { createLtaClient } from './client.ts';
import { createFeed } from './feed.ts';
import type { Lta } from './lta.ts';
import { watchLta } from './watch.ts';

type Settings = Pick<Config, 'LTA_ACCOUNT_KEY' | 'LTA_BASE_URL' | 'LTA_CALLS_PER_MINUTE'>;

/** Nothing where there is no key; asks LTA nothing yet. */
export function openLta(config: Settings, { clock, ids, log }: Pick<Runtime, 'clock' | 'ids' | 'log'>): Lta {
  const { LTA_ACCOUNT_KEY: key, LTA_BASE_URL: baseUrl, LTA_CALLS_PER_MINUTE: callsPerMinute } = config;
  if (key === undefined) return {};
  const { client, tellOf } = watchLta(createLtaClient({ baseUrl, key, clock }), () => clock.mono());
  const feed = createFeed({ client, clock, ids, log, callsPerMinute });
  tellOf(feed);
  const labels = { 'hawker.upstream': 'lta' } as const;
  gauge('hawker.upstream.budget_left', () => [{ labels, value: feed.state().callsLeft }]);
  gauge('hawker.upstream.breaker_open', () => [{ labels, value: feed.state().breaker === 'open' ? 1 : 0 }]);
  return { client, feed };
}
