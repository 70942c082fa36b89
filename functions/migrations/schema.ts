/** What comes in over HTTP. Which fields go with which command is checked by `readCommand`. */
import * as z from 'zod';
import { pagingQuery } from '#shared/http/paging.ts';
import { EXAMPLE } from './example.ts';
import { versionGiven } from './versions.ts';

export const COMMANDS = ['up', 'down', 'goto', 'force', 'baseline', 'redo', 'rebless'] as const;
const MOST_STEPS = 1_000_000;
const STEPS_RULE = `must be a whole number from 1 to ${MOST_STEPS}`;
const COST_RULE = 'must be 0 to 1000000 US dollars';
const LOCK_RULE = 'must be 100 to 600000 milliseconds';

const command = z
  .enum(COMMANDS, `must be one of ${COMMANDS.join(', ')}`)
  .describe(
    'golang-migrate’s words: `up` applies what is pending, or `steps` of it; `down` takes `steps` back; `goto` moves to `version`, file by file; `force` sets it without running anything, and cleans; ' +
      '`baseline` says that a database without one is there already; `redo` takes the last one back and applies it again; ' +
      '`rebless` takes the text of the files, of all that were edited since they were applied or of `version`, for the one that was applied, and runs nothing',
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
      .optional()
      .describe(
        'How long it waits at most for whoever leads, and for the lock of the database, in milliseconds; without it 30000, and 79000 for SQLite, which outlasts a runner that died',
      ),
    maxCostUsd: z
      .number(COST_RULE)
      .min(0, COST_RULE)
      .max(1_000_000, COST_RULE)
      .optional()
      .describe(
        'Refuses to begin a migration that is likely to cost more, in US dollars, where the database is paid by operations',
      ),
    dryRun: z.boolean().default(false).describe('Answers what would be done, and does nothing'),
  })
  .meta({ id: 'RunAsked', examples: [EXAMPLE] });
export type RunBody = z.output<typeof runBody>;

const SAMPLES_RULE = 'must be a whole number from 0 to 20';
export const planQuery = z.strictObject({
  command: command.default('up'),
  steps: z.coerce
    .number(STEPS_RULE)
    .int(STEPS_RULE)
    .min(1, STEPS_RULE)
    .max(MOST_STEPS, STEPS_RULE)
    .optional()
    .describe(ABOUT_STEPS),
  samples: z.coerce
    .number(SAMPLES_RULE)
    .int(SAMPLES_RULE)
    .min(0, SAMPLES_RULE)
    .max(20, SAMPLES_RULE)
    .default(0)
    .describe('How many rows of each step in pages are shown before and after'),
  version: versionGiven.optional(),
});

export const targetPath = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z0-9-]{1,63}$/, 'must be 1 to 63 lower-case letters, digits and "-"')
    .describe('The name of the target'),
});

const REASON_RULE = 'must be 1 to 500 characters, not only spaces';
export const unlockBody = z.strictObject({
  reason: z
    .string(REASON_RULE)
    .trim()
    .min(1, REASON_RULE)
    .max(500, REASON_RULE)
    .describe('Why, for the history of the lease'),
});

export const runPath = z.strictObject({
  run: z
    .string()
    .regex(/^[\w-]{1,100}$/, 'must be the id of a run')
    .describe('The id of the run'),
});

export const listQuery = z.strictObject(pagingQuery);
export const historyQuery = z.strictObject({ limit: pagingQuery.limit });

/** Whatever asks a database may answer these. */
export const ASKING = ['not_found', 'not_configured', 'unavailable'] as const;
export const REFUSALS = ['migration_dirty', 'migration_refused'] as const;
