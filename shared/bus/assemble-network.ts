/** Joins the lists into the network of a day: what each service is, where it goes, and which planned routes have come into force. */
import type { ListRecords, Pattern, PlannedPattern, ServiceRecord } from './list-records.ts';
import type { Network, Route } from './lists.ts';
import { createNetwork } from './network.ts';

export interface Published {
  version: string;
  sources: Network['sources'];
  records: Partial<ListRecords>;
}

/**
 * A planned route never shows before its day. From that day on it stands in for the pattern of its service and direction, until BusRoutes has been fetched on that
 * day or later, since BusRoutes has it then. Where several have come into force, the latest does.
 */
export function assembleNetwork({ version, sources, records }: Published, today: string): Network {
  const fetched = sources.routes && singaporeDate(Date.parse(sources.routes.at));
  const inForce = (records.planned ?? []).filter(
    ({ effective }) => effective <= today && (fetched === undefined || fetched < effective),
  );
  const patterns = new Map((records.routes ?? []).map((pattern) => [keyOf(pattern), pattern]));
  for (const planned of inForce.toSorted(byDay)) patterns.set(keyOf(planned), planned);
  const services = new Map((records.services ?? []).map((service) => [keyOf(service), service]));
  const keys = new Set([...services.keys(), ...patterns.keys()]);
  const latest = inForce.toSorted(byDay).at(-1)?.effective;
  return createNetwork({
    version: latest === undefined ? version : `${version}.${latest}`,
    sources,
    stops: records.stops ?? [],
    routes: [...keys].flatMap((key) => routeOf(services.get(key), patterns.get(key)) ?? []),
  });
}

/** The calendar date in Singapore, `YYYY-MM-DD`. */
export function singaporeDate(ms: number): string {
  return new Date(ms + 8 * 3_600_000).toISOString().slice(0, 10);
}

/** BusServices says what a service is, BusRoutes where it stops; either may be missing. */
function routeOf(service: ServiceRecord | undefined, pattern: Pattern | undefined): Route | undefined {
  const stops = pattern?.stops ?? [];
  if (!pattern) return service && { ...service, stops };
  const [origin = '', destination = ''] = [stops[0]?.code, stops.at(-1)?.code];
  const of = service ?? {
    service: pattern.service,
    direction: pattern.direction,
    operator: '',
    category: '',
    origin: '',
    destination: '',
  };
  return {
    ...of,
    operator: of.operator || pattern.operator,
    origin: of.origin || origin,
    destination: of.destination || destination,
    stops,
  };
}

function keyOf({ service, direction }: { service: string; direction: number }): string {
  return `${service}~${direction}`;
}

function byDay(a: PlannedPattern, b: PlannedPattern): number {
  return a.effective < b.effective ? -1 : Number(a.effective > b.effective);
}
