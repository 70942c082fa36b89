/**
 * Reads a reply of `v3/BusArrival`, slot by slot: whatever is odd about one bus or one service is left out, and takes nothing else with it.
 *
 * The fields: LTA DataMall API User Guide v6.8, section 2.1. What they really hold: recorded replies.
 */
import { type LtaBus, LtaError, type LtaService } from './lta.ts';

/** Far more than any stop has: the busiest has 65 rows. */
const MOST_SERVICES = 200;
const SINGAPORE = { lat: [1.13, 1.5], lon: [103.55, 104.15] } as const;
const LOADS = new Map<string, NonNullable<LtaBus['load']>>([
  ['SEA', 'seats'],
  ['SDA', 'standing'],
  ['LSD', 'limited'],
]);
const DECKS = new Map<string, NonNullable<LtaBus['deck']>>([
  ['SD', 'single'],
  ['DD', 'double'],
  ['BD', 'bendy'],
]);

type Fields = Record<string, unknown>;

/** Throws LtaError `bad_body` where there is no list of services, with `httpStatus`, that of the answer. The reader has no clock: a time long past stays. */
export function readArrivals(json: unknown, httpStatus?: number): LtaService[] {
  const services = fieldsOf(json)?.['Services'];
  if (!Array.isArray(services))
    throw new LtaError(
      'bad_body',
      "LTA's answer holds no list of services",
      httpStatus === undefined ? {} : { httpStatus },
    );
  return services.slice(0, MOST_SERVICES).flatMap((service) => readService(service) ?? []);
}

function readService(json: unknown): LtaService | undefined {
  const fields = fieldsOf(json);
  const number = fields?.['ServiceNo'];
  const service = readText(Number.isSafeInteger(number) ? String(number) : number);
  if (!fields || service === '') return undefined;
  const slots: LtaService['slots'] = [
    readBus(fields['NextBus']),
    readBus(fields['NextBus2']),
    readBus(fields['NextBus3']),
  ];
  return { service, operator: readText(fields['Operator']), slots };
}

/** A slot without a time is no bus, whatever else it says. */
function readBus(json: unknown): LtaBus | undefined {
  const fields = fieldsOf(json);
  const eta = readTime(fields?.['EstimatedArrival']);
  if (!fields || eta === undefined) return undefined;
  const monitored = isNumeral(fields['Monitored'], 1);
  const position = monitored ? readPosition(fields) : undefined;
  const origin = readText(fields['OriginCode']);
  const destination = readText(fields['DestinationCode']);
  const load = LOADS.get(readText(fields['Load']));
  const deck = DECKS.get(readText(fields['Type']));
  const wheelchair = readWheelchair(fields['Feature'], load !== undefined || deck !== undefined);
  return {
    eta,
    monitored,
    visit: isNumeral(fields['VisitNumber'], 2) ? 2 : 1,
    ...(position && { position }),
    ...(origin && { origin }),
    ...(destination && { destination }),
    ...(load && { load }),
    ...(wheelchair !== undefined && { wheelchair }),
    ...(deck && { deck }),
  };
}

const TIME = /^(\d{4})-(\d\d)-(\d\d)[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?) ?(Z|[+-]\d\d:?\d\d)?$/;

/** Milliseconds since the epoch. A time without a zone is Singapore's, wherever this runs. */
function readTime(json: unknown): number | undefined {
  if (typeof json !== 'string' || json.length > 40) return undefined;
  const [, year, month, day, time, zone = '+08:00'] = TIME.exec(json.trim()) ?? [];
  if (!time) return undefined;
  // Date.parse takes 30 February for 1 March.
  if (Number(day) > new Date(Date.UTC(Number(year), Number(month), 0)).getUTCDate()) return undefined;
  const offset = zone === 'Z' ? zone : `${zone.slice(0, 3)}:${zone.slice(-2)}`;
  const ms = Date.parse(`${year}-${month}-${day}T${time}${offset}`);
  return Number.isNaN(ms) ? undefined : ms;
}

/** LTA writes 0 where it knows none, as a number or as text; that is a place at sea. */
function readPosition(fields: Fields): { lat: number; lon: number } | undefined {
  const lat = readNumber(fields['Latitude']);
  const lon = readNumber(fields['Longitude']);
  const inside = (value: number, [least, most]: readonly [number, number]) => value >= least && value <= most;
  return inside(lat, SINGAPORE.lat) && inside(lon, SINGAPORE.lon) ? { lat, lon } : undefined;
}

/** A blank says "no" of a bus that is otherwise described, and nothing of one that is not. */
function readWheelchair(json: unknown, described: boolean): boolean | undefined {
  if (typeof json !== 'string') return undefined;
  if (json.trim() === 'WAB') return true;
  return json.trim() === '' && described ? false : undefined;
}

/** A list has none of the names that are looked for. */
function fieldsOf(json: unknown): Fields | undefined {
  return typeof json === 'object' && json !== null ? (json as Fields) : undefined;
}

/** Short and without anything invisible, since it ends up in pages; otherwise ''. */
function readText(json: unknown): string {
  const text = typeof json === 'string' ? json.trim() : '';
  return text.length <= 10 && !/[\p{C}\p{Zl}\p{Zp}]/u.test(text) ? text : '';
}

/** NaN where it is none. */
function readNumber(json: unknown): number {
  if (typeof json === 'number') return json;
  return typeof json === 'string' && json.trim() !== '' ? Number(json) : Number.NaN;
}

/** Written as a number or as text: `Monitored` has come as either. */
function isNumeral(json: unknown, numeral: number): boolean {
  return readNumber(json) === numeral;
}
