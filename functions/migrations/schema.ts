/** What comes in over HTTP. Which fields go with which command is checked by `readCommand`. */
import * as z from 'zod';
import { pagingQuery } from '#shared/http/paging.ts';
import { EXAMPLE } from './example.ts';
import { versionGiven } from './versions.ts';

export const COMMANDS = ['up', 'down', 'goto', 'force', 'baseline', 'redo'] as const;
const MOST_STEPS = 1_000_000;
const STEPS_RULE = `must be a whole number from 1 to ${MOST_STEPS}`;
const LOCK_RULE = 'must be 100 to 600000 milliseconds';

const command = z
  .enum(COMMANDS, `must be one of ${COMMANDS.join(', ')}`)
  .describe(
    'golang-migrate’s words: `up` applies what is pending, or `steps` of it; `down` takes `steps` back; `goto` moves to `version`, file by file; `force` sets it without running anything, and cleans; ' +
      '`baseline` says that a database without one is there already; `redo` takes the last one back and applies it again',
  );
const ABOUT_STEPS = 'How many migrations; `down` needs it, `up` takes it';

export const runBody = z
  .strictObject({
    command,
    steps: z.int(STEPS_RULE).min(1, STEPS_RULE).max(MOST_STEPS, STEPS_RULE).optional().describe(ABOUT_STEPS),
    version: versionGiven.optional(),
    lockTimeoutMs: z
      .int(LOCK_RULE)
      .min(100, LOCK_RULE)
      .max(600_000, LOCK_RULE)
      .default(15_000)
      .describe('How long it waits at most for whoever leads, and for the lock of the database, in milliseconds'),
    dryRun: z.boolean().default(false).describe('Answers what would be done, and does nothing'),
  })
  .meta({ id: 'RunAsked', examples: [EXAMPLE] });
export type RunBody = z.output<typeof runBody>;

export const planQuery = z.strictObject({
  command: command.default('up'),
  steps: z.coerce
    .number(STEPS_RULE)
    .int(STEPS_RULE)
    .min(1, STEPS_RULE)
    .max(MOST_STEPS, STEPS_RULE)
    .optional()
    .describe(ABOUT_STEPS),
  version: versionGiven.optional(),
});

export const targetPath = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9-]{1,63}$/, 'must be 1 to 63 lower-case letters, digits and "-"')
    .describe('The name of the target'),
});

export const runPath = z.strictObject({
  run: z
    .string()
    .regex(/^[\w-]{1,100}$/, 'must be the id of a run')
    .describe('The id of the run'),
});

export const listQuery = z.strictObject(pagingQuery);
export const historyQuery = z.strictObject({ limit: pagingQuery.limit });
