/** Rows of DataMall's sets, as LTA writes them, of a city that was never built. */

type Row = Record<string, unknown>;

/** Codes from 10001 on, a few hundred metres apart. */
export const stopCode = (index: number): string => String(10_001 + index);

export function stopRow(index: number, more: Row = {}): Row {
  return {
    BusStopCode: stopCode(index),
    RoadName: `Test Rd ${index % 7}`,
    Description: `Blk ${index}`,
    Latitude: 1.3 + (index % 40) * 0.002,
    Longitude: 103.8 + Math.floor(index / 40) * 0.003,
    ...more,
  };
}

export function serviceRow(service: string, more: Row = {}): Row {
  return {
    ServiceNo: service,
    Operator: 'SBST',
    Direction: 1,
    Category: 'TRUNK',
    OriginCode: stopCode(0),
    DestinationCode: stopCode(9),
    AM_Peak_Freq: '5-08',
    AM_Offpeak_Freq: '8-12',
    PM_Peak_Freq: '8-10',
    PM_Offpeak_Freq: '09-14',
    LoopDesc: '',
    ...more,
  };
}

export function routeRow(service: string, sequence: number, code: string, more: Row = {}): Row {
  return {
    ServiceNo: service,
    Operator: 'SBST',
    Direction: 1,
    StopSequence: sequence,
    BusStopCode: code,
    Distance: (sequence - 1) * 0.4,
    WD_FirstBus: '0530',
    WD_LastBus: '2400',
    SAT_FirstBus: '0530',
    SAT_LastBus: '0012',
    SUN_FirstBus: '-',
    SUN_LastBus: '-',
    ...more,
  };
}

/** The stop list of a service that calls at these in turn. */
export function routeRows(service: string, codes: readonly string[], more: Row = {}): Row[] {
  return codes.map((code, index) => routeRow(service, index + 1, code, more));
}

export interface City {
  stops: Row[];
  services: Row[];
  routes: Row[];
}

/** `services` services named 1, 2, 3 ..., each with ten stops. */
export function aCity({ stops = 120, services = 12 }: { stops?: number; services?: number } = {}): City {
  const names = Array.from({ length: services }, (_, index) => String(index + 1));
  const codes = Array.from({ length: stops }, (_, index) => stopCode(index));
  return {
    stops: codes.map((_, index) => stopRow(index)),
    services: names.map((name) => serviceRow(name)),
    routes: names.flatMap((name, index) =>
      routeRows(
        name,
        Array.from({ length: 10 }, (_, place) => codes[(index * 7 + place) % stops] ?? ''),
      ),
    ),
  };
}
