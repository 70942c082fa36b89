/** A rehearsal as it is told, over HTTP and by the command line. */
import type { Rehearsal } from '#shared/migrations/rehearse/rehearse.ts';

export function rehearsalTold(target: string, { ok, engine, ms, steps, problems }: Rehearsal) {
  const versioned = <T extends { version: bigint }>({ version, ...rest }: T) => ({
    version: version.toString(),
    ...rest,
  });
  return { target, ok, engine, ms, steps: steps.map(versioned), problems: problems.map(versioned) };
}
