/** LTA's reply, grouped as a board shows it: by service, destination and visit, whatever entries the buses came in. */
import type { LtaBus, LtaService } from '../lta/lta.ts';
import type { Call, Network } from './lists.ts';

/** Buses of one service to one destination on one visit. */
export interface Group {
  /** As the lists write it where they have it, so that rows are named the same in every answer. */
  service: string;
  operator: string;
  destination: string | null;
  visit: number;
  buses: LtaBus[];
}

/** The calls of one stop, by service. */
export interface StopCalls {
  readonly all: readonly Call[];
  of(service: string): readonly Call[];
}

export function stopCalls(network: Network | undefined, code: string): StopCalls {
  const all = network?.callsAt(code) ?? [];
  const byService = Map.groupBy(all, ({ route }) => serviceKey(route.service));
  return { all, of: (service) => byService.get(serviceKey(service)) ?? [] };
}

/** Numbers are compared without regard to case. */
export function serviceKey(service: string): string {
  return service.toUpperCase();
}

/** A bus without a destination goes where the service's only route at this stop goes; where there are several, nobody knows. */
export function groupReply(services: readonly LtaService[], calls: StopCalls, network: Network | undefined): Group[] {
  const groups = new Map<string, Group>();
  for (const { service: given, operator, slots } of services) {
    const here = calls.of(given);
    const service = here[0]?.route.service ?? network?.routesOf(given)[0]?.service ?? given;
    const destinations = new Set(here.map(({ route }) => route.destination));
    const only = destinations.size === 1 ? here[0]?.route.destination : undefined;
    const entry = new Map<string, Group>();
    for (const bus of slots) {
      if (!bus) continue;
      const destination = bus.destination ?? only ?? null;
      const key = JSON.stringify([serviceKey(service), destination, bus.visit]);
      const group = entry.get(key);
      if (group) group.buses.push(bus);
      else entry.set(key, { service, operator, destination, visit: bus.visit, buses: [bus] });
    }
    for (const [key, group] of entry) {
      const earlier = groups.get(key);
      if (earlier) addOthers(earlier, group.buses);
      else groups.set(key, group);
    }
  }
  return [...groups.values()];
}

/** An entry that is there twice brings no more buses than it does once. */
function addOthers(group: Group, buses: readonly LtaBus[]): void {
  const known = new Set(group.buses.map(fingerprint));
  group.buses.push(...buses.filter((bus) => !known.has(fingerprint(bus))));
}

function fingerprint({ eta, monitored, position }: LtaBus): string {
  return `${eta} ${monitored} ${position?.lat} ${position?.lon}`;
}
