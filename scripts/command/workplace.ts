/** What a command works on: the settings, and the embedded file where they name it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Config, loadConfig, unknownSettings } from '#shared/config.ts';
import { AppError } from '#shared/errors.ts';
import { createLog, type Log } from '#shared/log.ts';
import { type Database, openDatabase } from '#shared/sqlite/database.ts';

export interface CommandWorkplace {
  config: Config;
  /** Errors alone, on the error output: the other has the answer, and what fails the command itself tells in one line. */
  log: Log;
  /** The embedded file, opened when first asked for. */
  database: () => Database;
  close(): void;
}

/** `data`: whether to make the embedded file where there is none, or to say so (`not_found`). Throws ConfigError. */
export function openWorkplace(name: string, data: 'made' | 'needed'): CommandWorkplace {
  const config = loadConfig();
  for (const unknown of unknownSettings())
    process.stderr.write(`${name}: ${unknown} is not a setting of Hawker; it has no effect\n`);
  const path = join(config.HAWKER_DATA, 'hawker.db');
  let database: Database | undefined;
  return {
    config,
    log: createLog({
      write: (line) => process.stderr.write(line),
      now: () => Date.now(),
      format: 'text',
      level: 'ERROR',
    }),
    database() {
      if (data === 'needed' && !existsSync(path))
        throw new AppError('not_found', `there is no data in ${config.HAWKER_DATA} (HAWKER_DATA)`);
      database ??= openDatabase(path);
      return database;
    },
    close: () => database?.close(),
  };
}
