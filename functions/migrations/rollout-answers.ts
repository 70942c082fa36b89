/** What goes out about rollouts and the fleet, for the description alone: loaded when somebody asks for it. */
import * as z from 'zod';
import { pageOf } from '#shared/http/paging.ts';
import { KINDS } from '#shared/migrations/target.ts';

const time = z.string().describe('RFC 3339');
const version = z.string().nullable().describe('As a text; null is none');
const problem = z.object({ code: z.string(), detail: z.string() });
const names = z.array(z.string());

const selector = {
  wave: z.int().describe('Its number, from 1'),
  labels: z.record(z.string(), z.string()).optional(),
  region: z.string().optional(),
  only: names.optional().describe('The targets it names'),
  kind: z.enum(KINDS).optional(),
  approve: z.boolean().optional(),
  note: z.string().optional().describe('Why it takes no target'),
};

export const rolloutPlan = z
  .object({
    command: z.string(),
    waves: z.array(z.object({ ...selector, targets: names })),
    leftOut: names.describe('Targets that no wave takes'),
  })
  .meta({ id: 'RolloutPlan' });

const taken = z.object({
  target: z.string(),
  run: z.string().optional().describe('The id of its run, once it was to be begun'),
  state: z
    .enum(['pending', 'queued', 'waiting', 'running', 'paused', 'done', 'failed', 'cancelled'])
    .describe('Of its run; `pending` where it has none yet'),
  version: version.optional(),
  changed: z.boolean().optional(),
  error: problem.optional(),
});

const common = {
  id: z.string(),
  command: z.string(),
  steps: z.int().optional(),
  version: z.string().optional(),
  parallel: z.int(),
  errorBudget: z.int(),
  lockTimeoutMs: z.int().optional(),
  maxCostUsd: z.number().optional(),
  by: z.string().describe('Who asked'),
  state: z
    .enum(['running', 'waiting', 'done', 'failed', 'cancelled'])
    .describe('`waiting`: for the approval of a wave; `failed`: more targets failed than may; the last three are ends'),
  waitsBefore: z.int().optional().describe('The wave, from 1, that wants an approval'),
  counts: z
    .object({ pending: z.int(), underWay: z.int(), done: z.int(), failed: z.int() })
    .describe('Targets; those whose runs were cancelled are among the failed'),
  cancelledBy: z.string().optional(),
  createdAt: time,
  updatedAt: time,
  endedAt: time.optional(),
};

export const rolloutAnswer = z
  .object({
    ...common,
    waves: z.array(z.object({ ...selector, approvedBy: z.string().optional(), targets: z.array(taken) })),
  })
  .meta({ id: 'Rollout' });
export const rolloutPage = pageOf(z.object(common).meta({ id: 'RolloutListed' }));

export const fleetAnswer = z
  .object({
    ok: z.boolean().describe('Every target answered, none is dirty, and equal versions have equal schemas'),
    targets: z.array(
      z.object({
        name: z.string(),
        kind: z.enum(KINDS),
        region: z.string().optional(),
        labels: z.record(z.string(), z.string()),
        version: version.optional(),
        dirty: z.boolean().optional(),
        pending: z.int().optional(),
        lastAppliedAt: time.optional(),
        fingerprint: z.string().optional().describe('Of its schema; equal where the schema is'),
        error: problem.optional().describe('Why nothing else is told'),
      }),
    ),
    versions: z
      .array(
        z.object({
          kind: z.enum(KINDS),
          bundle: z.string().describe('The hash of its files: targets of one bundle should be alike at one version'),
          version,
          targets: names,
          equal: z
            .boolean()
            .optional()
            .describe('Whether their schemas are equal; absent where they were not compared'),
          fingerprintGroups: z
            .array(z.object({ fingerprint: z.string(), targets: names }))
            .optional()
            .describe('Where they are not: the largest group first'),
          differ: names.optional().describe('Targets outside the largest group'),
        }),
      )
      .describe('Which targets are at which version'),
    dirty: names,
    unreachable: names,
    unequal: names.describe('Targets whose schema differs from that of most others at their version'),
    left: z.int().optional().describe('How many targets more there are than one report holds'),
  })
  .meta({ id: 'Fleet' });
