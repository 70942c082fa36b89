/**
 * Replies for stops that do not exist, so that everything can be tried without a key: made of the time alone, and the same for everybody who asks at the same time.
 *
 * A new one comes every TTL_MS, as from LTA. The three stops of the compact form always have the same minutes. At the sample's other stops buses keep a
 * timetable: they come nearer, pass, and reach the next stop two minutes later, between first and last bus alone.
 */
import { type LtaBus, type LtaService, TTL_MS } from '../lta/lta.ts';
import type { Calendar } from './calendar.ts';
import type { Call, Network, Route } from './lists.ts';
import type { Reply } from './make-board.ts';

/** These always answer, whatever lists and key there are. Neither is a code of a real stop. */
export const ALWAYS_DEMO: ReadonlySet<string> = new Set(['99999', '99998', '99997']);

/** Added to the minutes, so that neither a reply's age nor 20 seconds between two of them make a page count down to the next minute. */
const ALWAYS_SPARE_MS = 45_000;
const HORIZON_MS = 60 * 60_000;
/** So long a bus that has passed is still told. */
const PASSED_MS = 45_000;
const MINUTE_MS = 60_000;
const MINUTES_BY_KM = 4;
/** Here LTA would tell nothing, though the service runs. */
const WITHOUT_ESTIMATE = { code: '99994', service: '7' };

/** `network` is the sample. */
export function demoReply(network: Network, code: string, calendar: Calendar, now: number): Reply {
  const fetchedAt = Math.floor(now / TTL_MS) * TTL_MS;
  const services = ALWAYS_DEMO.has(code)
    ? alwaysServices(network, code, fetchedAt)
    : movingServices(network, code, calendar, fetchedAt);
  return { services, source: 'demo', fetchedAt, age: now - fetchedAt, upstream: { status: 'none' } };
}

/** In how many milliseconds there is another reply. */
export function demoDueInMs(now: number): number {
  return TTL_MS - (((now % TTL_MS) + TTL_MS) % TTL_MS);
}

function alwaysServices(network: Network, code: string, at: number): LtaService[] {
  const stop = network.stop(code);
  const position = (minutes: number) => stop && { lat: stop.lat - minutes * 0.0004, lon: stop.lon - minutes * 0.0006 };
  const bus = (minutes: number, told: Omit<LtaBus, 'eta' | 'visit' | 'position'>): LtaBus => {
    const where = told.monitored ? position(minutes) : undefined;
    return { eta: at + minutes * MINUTE_MS + ALWAYS_SPARE_MS, visit: 1, ...told, ...(where && { position: where }) };
  };
  const ends = (service: string) => {
    const [route] = network.routesOf(service);
    return route && { origin: route.origin, destination: route.destination };
  };
  const to55 = ends('55');
  const to44 = ends('44');
  return [
    {
      service: '55',
      operator: 'SBST',
      slots: [
        bus(5, { monitored: true, load: 'standing', wheelchair: true, deck: 'double', ...to55 }),
        bus(10, { monitored: true, load: 'seats', wheelchair: true, deck: 'single', ...to55 }),
        bus(15, { monitored: false, load: 'seats', wheelchair: true, deck: 'single', ...to55 }),
      ],
    },
    {
      service: '44',
      operator: 'SBST',
      slots: [
        bus(3, { monitored: false, load: 'seats', wheelchair: false, deck: 'single', ...to44 }),
        bus(6, { monitored: true, load: 'limited', wheelchair: true, deck: 'bendy', ...to44 }),
        bus(9, { monitored: false, load: 'seats', wheelchair: true, deck: 'double', ...to44 }),
      ],
    },
  ];
}

/** In the order of LTA's replies: by the service's number as text. */
function movingServices(network: Network, code: string, calendar: Calendar, at: number): LtaService[] {
  const calls = network.callsAt(code).filter(({ route, index }) => index < route.stops.length - 1);
  const services = [...new Set(calls.map(({ route }) => route))].flatMap((route) => {
    if (code === WITHOUT_ESTIMATE.code && route.service === WITHOUT_ESTIMATE.service) return [];
    const buses = calls
      .filter((call) => call.route === route)
      .flatMap((call) => busesOf(call, network, calendar, at))
      .sort((a, b) => a.eta - b.eta);
    if (buses.length === 0) return [];
    const slots: LtaService['slots'] = [buses[0], buses[1], buses[2]];
    return [{ service: route.service, operator: route.operator, slots }];
  });
  return services.sort((a, b) => (a.service < b.service ? -1 : a.service > b.service ? 1 : 0));
}

function busesOf({ route, index, visit }: Call, network: Network, calendar: Calendar, at: number): LtaBus[] {
  const headwayMs = headwayMinutes(route) * MINUTE_MS;
  const phaseMs = (seedOf(route) % headwayMinutes(route)) * MINUTE_MS;
  const travelMs = travelTo(route, index);
  const buses: LtaBus[] = [];
  for (let n = Math.ceil((at - PASSED_MS - travelMs - phaseMs) / headwayMs); ; n++) {
    const departure = n * headwayMs + phaseMs;
    const eta = departure + travelMs;
    if (eta > at + HORIZON_MS) return buses;
    if (calendar.operation(route.stops[index]?.times, eta).state !== 'running') continue;
    // Before it leaves, and where its transmitter is silent, the timetable alone is known.
    const monitored = departure <= at && n % 4 !== 3;
    const position = monitored ? positionOf(route, network, index, at - departure) : undefined;
    buses.push({
      eta,
      monitored,
      visit,
      origin: route.origin,
      destination: route.destination,
      load: (['seats', 'seats', 'standing', 'limited'] as const)[n % 4] ?? 'seats',
      wheelchair: n % 5 !== 0,
      deck: (['single', 'double', 'bendy'] as const)[(n + seedOf(route)) % 3] ?? 'single',
      ...(position && { position }),
    });
  }
}

/** On the straight line between two stops, no further than the one it is told for. */
function positionOf(route: Route, network: Network, upTo: number, drivenMs: number) {
  let passed = 0;
  while (passed < upTo && travelTo(route, passed + 1) <= drivenMs) passed++;
  const from = network.stop(route.stops[passed]?.code ?? '');
  const to = network.stop(route.stops[Math.min(passed + 1, upTo)]?.code ?? '');
  if (!from || !to) return undefined;
  const legMs = travelTo(route, passed + 1) - travelTo(route, passed);
  const share = passed >= upTo || legMs <= 0 ? 0 : (drivenMs - travelTo(route, passed)) / legMs;
  return { lat: from.lat + (to.lat - from.lat) * share, lon: from.lon + (to.lon - from.lon) * share };
}

function travelTo(route: Route, index: number): number {
  return (route.stops[index]?.distanceKm ?? index * 0.5) * MINUTES_BY_KM * MINUTE_MS;
}

/** The longest of the first period that has one: `10-14` is 14. */
function headwayMinutes({ frequency }: Route): number {
  const periods = frequency ? [frequency.amOffpeak, frequency.amPeak, frequency.pmPeak, frequency.pmOffpeak] : [];
  const minutes = periods.map((text) => Number(/(\d+)$/.exec(text)?.[1] ?? 0)).find((value) => value > 0);
  return minutes ?? 15;
}

function seedOf({ service, direction }: Route): number {
  return [...`${service}${direction}`].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 7) % 1009;
}
