/** Where the lists come from that are published by hand. */
import { type Publication, type PublishOptions, publish } from '#shared/bus/publish.ts';
import { sync } from '#shared/bus/pull-lists.ts';
import { systemClock as clock } from '#shared/clock.ts';
import type { Config } from '#shared/config.ts';
import { systemIds as ids } from '#shared/ids.ts';
import { createLtaClient } from '#shared/lta/client.ts';
import { readFiles } from './read-file.ts';

export interface Loading extends Pick<PublishOptions, 'store'> {
  allowShrink: boolean;
}

/** What is left to do once nothing that was typed can be wrong any more. */
export type Load = (loading: Loading) => Promise<Publication>;

export async function fromFiles(files: readonly string[]): Promise<Load> {
  const rows = await readFiles(files);
  return (loading) => publish({ ...loading, clock, from: 'file', rows });
}

export function fromLta(config: Pick<Config, 'LTA_ACCOUNT_KEY' | 'LTA_BASE_URL' | 'LTA_CALLS_PER_MINUTE'>): Load {
  const { LTA_ACCOUNT_KEY: key, LTA_BASE_URL: baseUrl, LTA_CALLS_PER_MINUTE: callsPerMinute } = config;
  if (key === undefined)
    throw new Error('LTA_ACCOUNT_KEY is not set; it is free at https://datamall.lta.gov.sg, and --file needs none');
  const client = createLtaClient({ baseUrl, key, clock });
  return (loading) => {
    if (process.stderr.isTTY) process.stderr.write('bus: fetching from LTA DataMall, which takes about a minute\n');
    return sync({ ...loading, client, clock, ids, callsPerMinute });
  };
}
