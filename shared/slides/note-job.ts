/** Which job an invocation is about: each of its lines says so from here on, and Cloud Logging shows those of one job as one operation. */
import { note } from '../telemetry/scope.ts';

export function noteJob(job: string): void {
  note({ job, operation: { id: job, producer: 'hawker/slides' } });
}
