/** The data of a `migration.run` event. */
import * as z from 'zod';
import { AppError } from '#shared/errors.ts';
import type { Command } from '#shared/migrations/run.ts';
import { commandOf } from '#shared/migrations/run-records.ts';

const knownRun = z.object({
  run: z.string().regex(/^[\w-]{1,100}$/),
  seq: z.int().min(0).max(1_000).default(0),
});

const newRun = z.object({
  target: z.string().regex(/^[a-z0-9-]{1,63}$/),
  command: z.enum(['up', 'down', 'goto', 'force', 'baseline', 'redo', 'rebless']),
  steps: z.int().min(0).max(1_000_000).optional(),
  /** Text, since JSON has no such integers; `-1` is no version, of force. */
  version: z
    .string()
    .regex(/^(?:\d{1,20}|-1)$/)
    .optional(),
  dryRun: z.boolean().default(false),
  lockTimeoutMs: z.int().min(0).max(3_600_000).optional(),
  /** US dollars, of each step. */
  maxCostUsd: z.number().min(0).max(1_000_000).optional(),
  by: z.string().min(1).max(200).optional(),
});

export type Message =
  | { run: string; seq: number }
  | { target: string; command: Command; dryRun: boolean; lockTimeoutMs?: number; maxCostUsd?: number; by?: string };

/** Throws `invalid`, which no later delivery can change. */
export function parseMessage(data: unknown): Message {
  const isKnown = typeof data === 'object' && data !== null && 'run' in data;
  if (isKnown) {
    const known = knownRun.safeParse(data);
    if (known.success) return known.data;
    throw invalid(known.error);
  }
  const asked = newRun.safeParse(data);
  if (!asked.success) throw invalid(asked.error);
  // Of a record it would be no version at all; of a message it is a slip.
  if (asked.data.command === 'force' && asked.data.version === undefined)
    throw new AppError('invalid', 'this is no event of migration.run: /version is missing');
  const { target, dryRun, command, steps, version, lockTimeoutMs, maxCostUsd, by } = asked.data;
  return {
    target,
    dryRun,
    command: commandOf({
      command,
      ...(steps !== undefined && { steps }),
      ...(version !== undefined && { version }),
    }),
    ...(lockTimeoutMs !== undefined && { lockTimeoutMs }),
    ...(maxCostUsd !== undefined && { maxCostUsd }),
    ...(by !== undefined && { by }),
  };
}

function invalid({ issues }: z.ZodError): AppError {
  const places = issues.map(({ path }) => `/${path.join('/')}`).join(', ');
  return new AppError('invalid', `this is no event of migration.run: ${places} not valid`);
}
