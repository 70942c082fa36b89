/** The data of a `slides.job` event. */
import * as z from 'zod';
import { AppError } from '#shared/errors.ts';

const jobSchema = z.object({ job: z.string().regex(/^[\w-]{1,100}$/) });

/** The job's id. Throws `invalid`, which no later delivery can change. */
export function parseJob(data: unknown): string {
  const { success, data: found } = jobSchema.safeParse(data);
  if (!success) throw new AppError('invalid', 'this is no event of slides.job: /job not valid');
  return found.job;
}
