/** Which network tells of a stop, and what is said where none does. */
import { ALWAYS_DEMO } from '#shared/bus/demo.ts';
import type { Lists, Network, Stop } from '#shared/bus/lists.ts';
import { sampleNetwork } from '#shared/bus/sample.ts';
import { AppError, type FieldError } from '#shared/errors.ts';

/** Of a stop and where it was asked for: `{code}` in the path, `?from`. */
export type Asked = { code: string; pointer: FieldError['pointer'] };

/**
 * The stops in the order they were asked for, and the network they are in: that of now, or the sample where all of them are demo stops, which LTA's list
 * does not have. Throws `not_found` that names every stop that neither has.
 */
export async function knownStops<A extends Asked[]>(
  lists: Lists,
  ...asked: A
): Promise<{ network: Network; stops: { [K in keyof A]: Stop } }> {
  const current = await lists.current();
  const demo = asked.some(({ code }) => ALWAYS_DEMO.has(code)) ? sampleNetwork() : undefined;
  const found = asked.map(({ code }) => current.stop(code) ?? demo?.stop(code));
  const missing = asked.filter((_, i) => !found[i]);
  if (missing.length > 0) throw unknownStops(current, missing);
  const stops = found as { [K in keyof A]: Stop };
  return { network: demo && stops.every(({ code }) => demo.stop(code)) ? demo : current, stops };
}

function unknownStops({ sources }: Network, missing: readonly Asked[]): AppError {
  const codes = missing.map(({ code }) => code).join(' and no stop ');
  const knows = sources.stops !== undefined && sources.stops.from !== 'sample';
  const why = knows ? '' : ": LTA's list of stops is not loaded here, only a small sample of our own";
  return new AppError('not_found', `There is no stop ${codes}${why}`, {
    errors: missing.map(({ code, pointer }) => ({ pointer, detail: `There is no stop ${code}` })),
  });
}

/** What an answer without services says of itself; undefined where the routes are loaded. */
export function routesMissing({ sources }: Network): string | undefined {
  return sources.routes ? undefined : 'The routes are not loaded here, so which services call where is not known';
}
