/** What lint is given. */
import * as z from 'zod';

const MOST_FILES = 500;
const MOST_TEXT = 2_000_000;
/** Characters of one file: what its parser makes of more does not fit into the memory of an instance. */
export const MOST_OF_ONE = 500_000;
/** JSON writes a line end as two characters. */
export const MOST_BYTES = 4_000_000;

export const lintBody = z
  .strictObject({
    files: z
      .record(z.string().regex(/^[^/\\\p{Cc}]{1,255}$/u, 'must be a file’s name without a folder'), z.string())
      .refine((files) => Object.keys(files).length <= MOST_FILES, `must be ${MOST_FILES} files at most`)
      .refine(
        (files) => Object.values(files).reduce((sum, text) => sum + text.length, 0) <= MOST_TEXT,
        `must have ${MOST_TEXT} characters at most together`,
      )
      .optional()
      .describe('Texts by the names of their files, instead of those that are deployed'),
  })
  .optional()
  .meta({ id: 'LintAsked' });

export const lintQuery = z.strictObject({
  format: z.enum(['json', 'sarif'], 'must be json or sarif').default('json').describe('`sarif`: SARIF 2.1.0'),
});
