/** Whether the databases to migrate can be read, found out when a process starts rather than when somebody first asks for one. */
import type { Config } from '../config.ts';
import { messageOf } from '../errors.ts';
import type { Log } from '../log.ts';
import { readTargets } from './targets.ts';

/** Several functions of one process have the same settings, and one of them tells. */
const checked = new WeakSet<object>();

/** One warning where they cannot. Holds nothing up and never rejects: the file may be there, and right, when it is needed. */
export async function checkTargets({ config, log }: { config: Config; log: Log }): Promise<void> {
  if (config.HAWKER_DATABASES === undefined || checked.has(config)) return;
  checked.add(config);
  try {
    await readTargets(config);
  } catch (error) {
    log.warn('the databases to migrate cannot be read, so none is migrated until that is mended', {
      reason: messageOf(error),
    });
  }
}
