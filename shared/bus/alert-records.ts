/** The documents of alerts: how they are named, and how one comes to its end. */
import { createHash } from 'node:crypto';
import { isAppError } from '../errors.ts';
import type { Doc, Store, Write } from '../store/store.ts';
import { ALERTS, ALERTS_TOLD, type AlertRequest, type ToldAlert, type WaitingAlert } from './alerts.ts';
import type { BoardRow } from './board.ts';

/** How long a told alert is kept. */
const KEPT_MS = 24 * 3_600_000;

/** The same whenever the same browser asks for the same bus, so that asking twice makes one alert; tells nothing about the browser. 43 characters of base64url. */
export function alertId({
  target,
  stop,
  service,
  row = '',
}: Pick<AlertRequest, 'target' | 'stop' | 'service' | 'row'>): string {
  return createHash('sha256')
    .update(JSON.stringify([target.endpoint, stop, service.toUpperCase(), row]))
    .digest('base64url');
}

export const ALERT_ID = /^[\w-]{43}$/;

/** The name of an asking, which the event that tells of it has. */
export function askingId(id: string, { madeAt }: Pick<WaitingAlert, 'madeAt'>): string {
  return `${id}.${madeAt}`;
}

/** The rows of a stop that it is about. */
export function rowsAsked<Row extends Pick<BoardRow, 'id' | 'service'>>(
  { service, row }: Pick<AlertRequest, 'service' | 'row'>,
  rows: readonly Row[],
): Row[] {
  return rows.filter(
    (found) => found.service.toUpperCase() === service.toUpperCase() && (row === undefined || found.id === row),
  );
}

export async function readWaiting(store: Store, id: string): Promise<Doc<WaitingAlert> | undefined> {
  return store.get<WaitingAlert>(ALERTS, id);
}

export async function readTold(store: Store, id: string): Promise<Doc<ToldAlert> | undefined> {
  return store.get<ToldAlert>(ALERTS_TOLD, id);
}

/** What became of an alert. */
export type Ending = Pick<ToldAlert, 'state' | 'eta' | 'reason'>;

/** The told document of an asking; the browser's keys are not in it. */
export function toldAlert(
  { stop, service, row, walk, lead, until, lang, madeAt }: WaitingAlert,
  ending: Ending,
  now: number,
): ToldAlert {
  return {
    stop,
    service,
    ...(row !== undefined && { row }),
    walk,
    lead,
    until,
    lang,
    madeAt,
    ...ending,
    at: new Date(now).toISOString(),
  };
}

/** Puts the told document there, in place of what was `found`. */
export function toldWrite(id: string, value: ToldAlert, found: Doc<ToldAlert> | undefined, now: number): Write {
  const common = { collection: ALERTS_TOLD, id, value, expireAt: new Date(now + KEPT_MS) };
  return found ? { op: 'replace', ...common, ifVersion: found.version } : { op: 'create', ...common };
}

/** Does `step` again where somebody else was faster, three times at most; then it throws that `conflict`. */
export async function again<T>(step: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await step();
    } catch (error) {
      if (attempt >= 3 || !isAppError(error, 'conflict')) throw error;
    }
  }
}
