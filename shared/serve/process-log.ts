/** The log of this process: readable lines where a person watches a terminal, JSON elsewhere. */
import type { Config } from '../config.ts';
import { unknownSettings } from '../config.ts';
import { createLog, type Log } from '../log.ts';

export function processLog(config: Config): Log {
  const log = createLog({
    write: (line) => process.stdout.write(line),
    now: () => Date.now(),
    format: process.stdout.isTTY ? 'text' : 'json',
  });
  for (const name of unknownSettings()) log.warn(`${name} is not a setting of Hawker; it has no effect`);
  if (config.cloudRun && config.HAWKER_STORE === 'sqlite')
    log.warn('data is kept in the container and goes with it; set HAWKER_STORE=firestore and HAWKER_QUEUE=pubsub');
  if (config.cloudRun && config.HAWKER_TRUSTED_PROXIES.length === 0)
    log.warn(
      'all visitors seem to have the address of the platform in front; set HAWKER_TRUSTED_PROXIES to tell them apart',
    );
  return log;
}
