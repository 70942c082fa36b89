/** What comes in over HTTP about rollouts and the fleet. */
import * as z from 'zod';
import { pagingQuery } from '#shared/http/paging.ts';
import { MOST_PARALLEL, MOST_TARGETS, MOST_WAVES } from '#shared/migrations/rollout/rollout.ts';
import { KINDS } from '#shared/migrations/target.ts';
import { runBody } from './schema.ts';

const NAME = z.string().regex(/^[a-z0-9-]{1,63}$/, 'must be the name of a target');
const PARALLEL_RULE = `must be a whole number from 1 to ${MOST_PARALLEL}`;
const BUDGET_RULE = `must be a whole number from 0 to ${MOST_TARGETS}`;

const wave = z
  .strictObject({
    labels: z.record(z.string().max(63), z.string().max(63)).optional(),
    region: z.string().min(1).max(63).optional(),
    targets: z.array(NAME).min(1).max(MOST_TARGETS).optional(),
    kind: z.enum(KINDS).optional(),
    approve: z.boolean().optional().describe('The rollout waits before this wave until somebody approves it'),
  })
  .describe('Takes the targets that meet every condition given and are in no earlier wave; `{}` takes the rest');

const EXAMPLE = {
  command: 'up',
  waves: [{ labels: { stage: 'canary' } }, { region: 'asia-southeast1' }, { approve: true }],
  parallel: 3,
  errorBudget: 1,
};

/** Its record holds the waves as they were asked for, and later an error for each target: all of it is one document of 900,000 bytes. */
export const MOST_BYTES = 256 * 1_024;

export const rolloutBody = z
  .strictObject({
    command: z.enum(['up', 'goto'], 'must be up or goto'),
    steps: runBody.shape.steps,
    version: runBody.shape.version,
    waves: z
      .array(wave)
      .min(1)
      .max(MOST_WAVES)
      .describe('One after the other: each begins when the one before is over'),
    parallel: z
      .int(PARALLEL_RULE)
      .min(1, PARALLEL_RULE)
      .max(MOST_PARALLEL, PARALLEL_RULE)
      .default(1)
      .describe('Targets at a time'),
    errorBudget: z
      .int(BUDGET_RULE)
      .min(0, BUDGET_RULE)
      .max(MOST_TARGETS, BUDGET_RULE)
      .default(0)
      .describe('How many targets may fail in all without stopping it'),
    lockTimeoutMs: runBody.shape.lockTimeoutMs,
    maxCostUsd: z
      .number()
      .min(0)
      .max(1_000_000)
      .optional()
      .describe('Each run refuses to begin a step that is likely to cost more, in US dollars'),
    dryRun: z.boolean().default(false).describe('Answers which targets fall into which wave, and does nothing'),
  })
  .meta({ id: 'RolloutAsked', examples: [EXAMPLE] });

export const rolloutPath = z.strictObject({
  rollout: z
    .string()
    .regex(/^[\w-]{1,100}$/, 'must be the id of a rollout')
    .describe('The id of the rollout'),
});

export const approveBody = z
  .strictObject({ wave: z.int().min(1).max(MOST_WAVES).describe('The number of the wave, from 1, that may begin') })
  .meta({ id: 'Approval', examples: [{ wave: 3 }] });

/** Each may hold 500 targets. */
export const rolloutsQuery = z.strictObject({
  ...pagingQuery,
  limit: z.coerce.number().int().min(1).max(50).default(20).describe('Most items in one answer'),
});

export const fleetQuery = z.strictObject({
  fingerprints: z
    .enum(['true', 'false'])
    .default('false')
    .describe('Whether schemas are compared too, which reads the catalogue of every database'),
});
