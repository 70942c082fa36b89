/** What a refusal looks like, for descriptions. Apart from what makes one, since schemas take their time to load. */
import * as z from 'zod';
import { CATALOGUE, type ErrorCode } from '../errors.ts';

export const problemSchema = z
  .object({
    type: z.string().describe('A URI reference that names the kind of problem; stable, compared as text'),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.enum(Object.keys(CATALOGUE) as [ErrorCode, ...ErrorCode[]]),
    errors: z
      .array(
        z.object({
          pointer: z
            .string()
            .describe('A JSON pointer into the body, `?name` of a query parameter, or `{name}` in the path'),
          detail: z.string(),
          code: z.string().optional().describe('Which rule, where there are names for them'),
        }),
      )
      .optional(),
    done: z
      .record(z.string(), z.int())
      .optional()
      .describe('Of work that stopped half-way: what was done before and stays, such as `created` links of an import'),
    requestId: z.string(),
  })
  .meta({ id: 'Problem' });
