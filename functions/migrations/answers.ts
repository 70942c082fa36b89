/** What goes out, for the description alone: loaded when somebody asks for it. */
import * as z from 'zod';
import { pageOf } from '#shared/http/paging.ts';
import { KINDS } from '#shared/migrations/target.ts';
import { COMMANDS } from './schema.ts';

const time = z.string().describe('RFC 3339');
const version = z.string().describe('As a text: 19 digits are usual');
const versionOrNone = z.string().nullable().describe('As a text; null is none');
const problem = { code: z.string(), detail: z.string() };
const direction = z.enum(['up', 'down']);
const warnings = z
  .array(z.string())
  .optional()
  .describe(
    'On the way up: what was merged late, edited or lost its file, where the policy of the target only warns of it',
  );

const target = z.object({
  name: z.string(),
  kind: z.enum(KINDS).describe('`mysql` is MariaDB too'),
  labels: z.record(z.string(), z.string()),
  region: z.string().optional(),
  table: z.string().describe('golang-migrate’s, which holds the version'),
});

const state = z.object({
  version: versionOrNone,
  dirty: z.boolean().describe('A migration began, and nobody knows how it ended'),
});
const pending = z
  .int()
  .describe(
    'Migrations that an `up` would apply: those above the version, and the late ones where the policy of the target says so',
  );

export const targetListed = target
  .extend({
    ...state.partial().shape,
    pending: pending.optional(),
    error: z.object(problem).optional().describe('Why nothing else is told: its database could not be asked'),
  })
  .meta({ id: 'TargetListed' });
export const targetPage = pageOf(targetListed);

const holder = z
  .object({
    session: z.string().describe('A process id in PostgreSQL, a connection id in MySQL'),
    user: z.string().optional(),
    application: z.string().optional(),
    since: time.optional(),
    state: z.string().optional(),
    query: z.string().optional().describe('What it does, cut to 500 characters'),
    endBy: z.string().optional().describe('The SQL that would end it'),
  })
  .meta({ id: 'Holder' });

const found = z.array(z.object({ version, name: z.string() }));

export const targetAnswer = target
  .extend({
    ...state.shape,
    pending,
    drift: z
      .object({
        edited: found.describe('Applied with another text than the file has now'),
        missing: found.describe('Applied, and there is no file any more'),
        late: found.describe('Below the version, and never applied'),
      })
      .describe('Where files and database differ'),
    holder: z
      .object({
        lease: z
          .object({
            holder: z.string(),
            token: z.int(),
            since: time,
            note: z.string().optional(),
            why: z.string().describe('One line'),
          })
          .optional()
          .describe('Who leads'),
        database: z.array(holder).optional().describe('Who holds the lock of the database'),
      })
      .optional()
      .describe('Who is at work; absent where nobody is'),
  })
  .meta({ id: 'Target' });

const weighed = z
  .object({
    sql: z.string().describe('Cut to 500 characters'),
    line: z.int(),
    lock: z
      .string()
      .describe(
        'PostgreSQL: the strongest mode it takes on a table; MySQL: how it is likely to be carried out, such as `INSTANT` or `COPY`; SQLite: `database`; `none` or `unknown`',
      ),
    tables: z.array(
      z.object({
        name: z.string(),
        created: z.boolean().describe('By a statement before it in the same file'),
        rows: z.number().optional().describe('As the database estimates; absent where it is not there yet'),
        bytes: z.number().optional(),
      }),
    ),
    rewrite: z.enum(['yes', 'no', 'maybe']).describe('Whether every row is written anew'),
    blocks: z.enum(['nothing', 'writes', 'reads and writes']).describe('What of others waits until it is over'),
    why: z.string(),
  })
  .meta({ id: 'WeighedStatement' });

const backfillWeight = z
  .union([
    z.object({
      rows: z.number(),
      pages: z.number(),
      etaMs: z.number().describe('Milliseconds, with its throttle'),
      costUsd: z.number().optional(),
      reads: z.number().optional(),
      writes: z.number().optional(),
      samples: z
        .array(z.object({ key: z.string(), before: z.string().nullable(), after: z.string().nullable() }))
        .optional()
        .describe('Rows before and after, as JSON texts'),
    }),
    z.object({ unknown: z.string().describe('Why it cannot be told') }),
  ])
  .meta({ id: 'BackfillWeight' });

export const verifyAnswer = z
  .object({
    target: z.string(),
    ok: z.boolean().describe('Whether files, history and version agree'),
    ...state.shape,
    drift: targetAnswer.shape.drift,
    historyAt: versionOrNone
      .optional()
      .describe('Where the history ends, if the database is elsewhere: somebody else moved it'),
  })
  .meta({ id: 'Verified' });

export const unlockAnswer = z
  .object({
    target: z.string(),
    broken: z.boolean().describe('Whether a lease was taken away; false where nobody had it'),
    holder: targetAnswer.shape.holder.describe('Who held what before; absent where nobody did'),
    error: z.object(problem).optional().describe('Why the database does not tell who holds its lock'),
  })
  .meta({ id: 'Unlocked' });

export const planAnswer = z
  .object({
    command: z.enum(COMMANDS),
    steps: z.array(
      z.object({
        direction,
        version,
        name: z.string(),
        from: versionOrNone,
        to: versionOrNone,
        file: z.string().optional().describe('Absent where the version moves and nothing is run'),
        checksum: z.string().optional().describe('SHA-256 of the text with LF line ends'),
        transaction: z.boolean().optional().describe('Whether it is sent as one; by its directives'),
        sql: z.string().optional().describe('The text; left out of very long plans'),
        statements: z.array(weighed).optional().describe('What each costs those who use its tables; not in a dry run'),
        untold: z.int().optional().describe('So many statements more'),
        backfill: backfillWeight.optional().describe('Of one that works in pages'),
      }),
    ),
    short: z.int().optional().describe('How many steps fewer there are than were asked for'),
    warnings,
  })
  .meta({ id: 'Plan' });

const stateThen = z.object({ version: versionOrNone, dirty: z.boolean() });

export const runAnswer = z
  .object({
    id: z.string(),
    target: z.string(),
    command: z.enum(COMMANDS),
    steps: z.int().optional(),
    version: versionOrNone.optional(),
    dryRun: z.boolean(),
    lockTimeoutMs: z.int().optional().describe('In force; absent until the run begins, where the request has none'),
    by: z.string().describe('Who asked'),
    state: z
      .enum(['queued', 'waiting', 'running', 'paused', 'done', 'failed', 'cancelled'])
      .describe(
        '`waiting`: for who leads, or for the lock of the database; `failed`: one step did not take effect, and those before it did; `cancelled` and `paused`: it stopped between two steps, or between two pages of one; a paused one goes on when it is resumed',
      ),
    waitingFor: z.object({ what: z.enum(['lease', 'lock']), holders: z.array(holder), since: time }).optional(),
    progress: z
      .array(
        z.object({
          version,
          name: z.string(),
          direction,
          ms: z.number().optional().describe('Absent while it is under way'),
          statement: z.int().optional().describe('The one under way, from 1'),
          statements: z.int().optional(),
          pages: z.int().optional().describe('Of a migration that works in pages: how many took effect'),
          rows: z
            .number()
            .optional()
            .describe('Rows of all pages, or what the database has done of the statement under way, as it counts them'),
          rowsTotal: z.number().optional().describe('How many there are, by an estimate'),
          phase: z.string().optional().describe('Of the statement under way, in the words of the database'),
          etaMs: z.number().optional().describe('Milliseconds until it is likely to be through'),
        }),
      )
      .describe('The latest 200 steps'),
    seq: z.int().optional().describe('How often it went on in another process because its time was over'),
    claim: z.int().optional().describe('How often it was begun or taken over'),
    waitedMs: z.number().optional().describe('Milliseconds of waiting before its time was over'),
    planned: z.int().describe('How many steps there are in all, those done included'),
    done: z.int().optional().describe('How many of them took effect'),
    changed: z.boolean().optional().describe('Of one that has ended: whether anything took effect'),
    from: stateThen.optional(),
    to: stateThen.optional(),
    token: z.int().optional().describe('Of the term that it ran in'),
    warnings,
    cancelRequested: z.literal(true).optional(),
    pauseRequested: z.literal(true).optional(),
    maxCostUsd: z.number().optional(),
    rollout: z.string().optional().describe('The rollout that it is part of'),
    error: z
      .object({
        ...problem,
        version: z.string().optional(),
        file: z.string().optional(),
        statement: z.int().optional(),
        line: z.int().optional(),
      })
      .optional(),
    createdAt: time,
    updatedAt: time,
    endedAt: time.optional(),
  })
  .meta({ id: 'Run' });
export const runPage = pageOf(runAnswer);

export const historyRow = z
  .object({
    version,
    name: z.string(),
    direction: z.enum(['up', 'down', 'force', 'baseline', 'rebless']),
    checksum: z.string().optional().describe('Of the text that took effect, or counts as such from then on'),
    at: time,
    ms: z.number(),
    run: z.string(),
    by: z.string(),
    token: z.int(),
    bundle: z.string().describe('The hash of all files as they were then'),
    canGoBack: z.boolean().describe('Whether the text that takes it back is kept with it'),
  })
  .meta({ id: 'HistoryRow' });
export const historyAnswer = z.object({ items: z.array(historyRow) });
