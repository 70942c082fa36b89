/** What a rehearsal answers, for the description alone: loaded when somebody asks for it. */
import * as z from 'zod';

const version = z.string().describe('As a text: 19 digits are usual');
const way = z.object({ ms: z.int() }).optional();

export const rehearsalAnswer = z
  .object({
    target: z.string(),
    ok: z.boolean().describe('There is no problem but `no way back`'),
    engine: z
      .enum(['pglite', 'sqlite', 'scratch'])
      .describe(
        '`pglite`: a PostgreSQL in this process; `sqlite`: a temporary file; `scratch`: the server named for it',
      ),
    ms: z.int(),
    steps: z
      .array(
        z.object({ version, name: z.string(), up: way, down: way, upAgain: way }).describe('Milliseconds of each way'),
      )
      .describe('As far as it came: it ends where a step failed'),
    problems: z.array(
      z.object({
        version,
        direction: z.enum(['up', 'down']),
        kind: z
          .enum(['failed', 'down differs', 'up again differs', 'no way back'])
          .describe('`no way back` is a note: there is no file for it, or it is said to be irreversible'),
        detail: z.string().describe('The database’s words, or which tables, columns, indexes are left over or missing'),
      }),
    ),
  })
  .meta({ id: 'Rehearsal' });
