/** Replies of `v3/BusArrival` from a short form, with every field as LTA writes it. */

/** A bus on its way; what is left out is as it mostly is. */
export interface ShortBus {
  /** A time, or the text that LTA shall write in its place. */
  eta: Date | number | string;
  /** 1 unless told otherwise. Whatever it is, it is written as it is. */
  monitored?: unknown;
  /** As text, the way LTA writes them; `0.0` where the bus is not monitored. */
  lat?: number | string;
  lon?: number | string;
  visit?: number | string;
  load?: string;
  feature?: string;
  type?: string;
  origin?: string;
  destination?: string;
}

export interface ShortService {
  service: string;
  operator?: string;
  /** The next three buses; a time alone is a bus at that time. What is missing becomes a blank slot. */
  etas?: readonly (Date | number | string | ShortBus | undefined)[];
}

type Slot = Record<string, unknown>;

/** What LTA writes where there is no such bus. */
export const BLANK_SLOT: Slot = {
  OriginCode: '',
  DestinationCode: '',
  EstimatedArrival: '',
  Monitored: 0,
  Latitude: '',
  Longitude: '',
  VisitNumber: '',
  Load: '',
  Feature: '',
  Type: '',
};

/** A whole reply. */
export function arrivalBody(stop: string, services: readonly ShortService[]): Record<string, unknown> {
  return {
    'odata.metadata': 'https://datamall2.mytransport.sg/ltaodataservice/v3/BusArrival',
    BusStopCode: stop,
    Services: services.map(({ service, operator = 'SBST', etas = [] }) => ({
      ServiceNo: service,
      Operator: operator,
      NextBus: slotOf(etas[0]),
      NextBus2: slotOf(etas[1]),
      NextBus3: slotOf(etas[2]),
    })),
  };
}

function slotOf(given: Date | number | string | ShortBus | undefined): Slot {
  if (given === undefined) return { ...BLANK_SLOT };
  const bus: ShortBus = typeof given === 'object' && !(given instanceof Date) ? given : { eta: given };
  const { monitored = 1, origin = '77009', destination = '77009' } = bus;
  const seen = String(monitored) === '1';
  return {
    OriginCode: origin,
    DestinationCode: destination,
    EstimatedArrival: typeof bus.eta === 'string' ? bus.eta : singaporeTime(Number(bus.eta)),
    Monitored: monitored,
    Latitude: String(bus.lat ?? (seen ? '1.3154918333333334' : '0.0')),
    Longitude: String(bus.lon ?? (seen ? '103.9059125' : '0.0')),
    VisitNumber: String(bus.visit ?? '1'),
    Load: bus.load ?? 'SEA',
    Feature: bus.feature ?? 'WAB',
    Type: bus.type ?? 'SD',
  };
}

/** Whole seconds, as LTA writes them. */
function singaporeTime(ms: number): string {
  return `${new Date(ms + 8 * 3_600_000).toISOString().slice(0, 19)}+08:00`;
}
