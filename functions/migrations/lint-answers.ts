/** What lint answers, for the description alone: loaded when somebody asks for it. */
import * as z from 'zod';
import { RULES, type RuleId } from '#shared/migrations/lint/rules.ts';

const rules = Object.keys(RULES) as [RuleId, ...RuleId[]];
export const lintAnswer = z
  .object({
    findings: z
      .array(
        z.object({
          rule: z.enum(rules),
          severity: z.enum(['error', 'warning']),
          version: z.string().optional().describe('Absent where the name of the file is no migration’s'),
          file: z.string(),
          line: z.int(),
          column: z.int().describe('From 1, in UTF-16 units'),
          message: z.string().describe('What happens'),
          help: z.string().describe('What to write instead'),
        }),
      )
      .describe('The first 1,000'),
    errors: z.int().describe('How many of all are errors'),
    warnings: z.int(),
  })
  .meta({ id: 'Lint' });
