/** Why a row has no bus, in the visitor's language: from its status and its hours, since the API's own sentence is English. */
import type { BoardRow } from '#shared/bus/board.ts';
import { SERVICE_DAY_BEGINS_HOUR } from '#shared/bus/calendar.ts';
import type { Say } from './messages/index.ts';
import { clockText } from './singapore-time.ts';

const DAY_MINUTES = 1440;

/** `now` in milliseconds since the epoch. */
export function rowWords(say: Say, row: BoardRow, now: number): string {
  const { status, firstBus, lastBus } = row;
  if (status === 'unknown') return say('unknown');
  if (status === 'not_operating') {
    if (firstBus === null || lastBus === null) return say('not_today');
    return serviceMinutes(clockText(now)) < serviceMinutes(firstBus)
      ? say('before_first', { first: firstBus })
      : say('after_last', { last: lastBus });
  }
  return lastBus === null ? say('no_estimate_plain') : say('no_estimate', { last: lastBus });
}

/** Minutes since the service day began. A first bus after midnight and a last one in the morning are those of one night. */
function serviceMinutes(text: string): number {
  const [hours = 0, minutes = 0] = text.split(':').map(Number);
  return (hours * 60 + minutes - SERVICE_DAY_BEGINS_HOUR * 60 + DAY_MINUTES) % DAY_MINUTES;
}
