/**
 * A board as plain text for curl, watches and paper displays: at most 80 columns, one line for each row, nothing that moves a cursor.
 *
 * Minutes from the timetable have a `~` in front, so that they are not taken for a bus that somebody has seen.
 */
import type { Board, BoardBus, BoardRow, Meta } from '#shared/bus/board.ts';
import type { LeaveAdvice } from '#shared/bus/leave.ts';

const COLUMNS = 80;
const SERVICE_COLUMNS = 6;
const MOST_DESTINATION_COLUMNS = 28;
const SINGAPORE_MS = 8 * 3_600_000;

const LOADS = { seats: 'seats', standing: 'standing', limited: 'nearly full' };

export function boardText(board: Board, leave?: LeaveAdvice): string {
  const { stop, meta, services } = board;
  const place = [stop.name, stop.road].filter(Boolean).join(', ');
  const lines = services.map((row) => ({
    service: row.service,
    to: destination(row),
    times: times(row),
    how: how(row),
  }));
  const widest = (texts: readonly string[]) => Math.max(0, ...texts.map((text) => [...text].length));
  const to = widest(lines.map((line) => line.to));
  const rest = widest(lines.flatMap((line) => (line.how ? [line.times] : [])));
  const all = [
    ...wrapped(place ? `${stop.code} ${place}` : stop.code),
    ...(services.length === 0 ? ['No bus is told of, and no service is known to call here.'] : []),
    ...lines.map((line) =>
      cut(
        `${fit(line.service, SERVICE_COLUMNS)}${fit(line.to, to)}  ${line.how ? `${fit(line.times, rest)}  ${line.how}` : line.times}`,
        COLUMNS,
      ),
    ),
    ...(services.some(({ buses }) => buses.some(({ monitored, state }) => !monitored && state !== 'left'))
      ? ['~ from the timetable']
      : []),
    ...(leave ? wrapped(leave.reason) : []),
    ...wrapped(footer(meta)),
  ];
  return `${all.map((line) => line.trimEnd()).join('\n')}\n`;
}

function destination({ destination: { name, code }, visit }: BoardRow): string {
  const again = visit > 1 ? ' (again)' : '';
  return cut(printable(name ?? code ?? ''), MOST_DESTINATION_COLUMNS - again.length) + again;
}

function times(row: BoardRow): string {
  const due = row.buses.filter(({ state }) => state !== 'left');
  const left = due.length < row.buses.length ? 'left, ' : '';
  if (due.length > 0) {
    const told = due.map((bus) => `${bus.monitored ? '' : '~'}${minutes(bus)}`);
    return `${left}${told.join(', ')}${due.at(-1)?.state === 'due' ? ' min' : ''}`;
  }
  if (row.status === 'no_estimate') return `${left}no estimate`;
  if (row.status !== 'not_operating') return `${left}nothing known`;
  return row.firstBus === null ? `${left}not operating` : `${left}not operating (first bus ${row.firstBus})`;
}

function minutes({ state, minutes: left }: BoardBus): string {
  return state === 'arriving' ? 'Arr' : String(left);
}

function how({ status, buses }: BoardRow): string {
  const next = buses.find(({ state }) => state !== 'left');
  if (!next) return '';
  const load = next.load === null ? '' : `, ${LOADS[next.load]}`;
  return `${status === 'scheduled' ? 'timetable' : 'live'}${load}`;
}

function footer({ source, age, stale, now, upstream }: Meta): string {
  const at = new Date(Date.parse(now) + SINGAPORE_MS).toISOString().slice(11, 19);
  if (source === 'demo') return `DEMO: these buses are made up. ${at}`;
  const old = age === null ? 'age unknown' : `${age} s old`;
  if (stale) return `STALE: ${old}, LTA gives nothing newer${upstream.reason ? ` (${upstream.reason})` : ''}. ${at}`;
  return `LTA DataMall, ${source}, ${old}. ${at}`;
}

/** Padded or cut to this many columns, without anything that a terminal would act on. */
function fit(text: string, columns: number): string {
  const plain = cut(printable(text), columns);
  return plain + ' '.repeat(columns - [...plain].length);
}

/** Control, format and separator characters become spaces: names come from elsewhere. */
function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu, ' ');
}

function cut(text: string, columns: number): string {
  const characters = [...text];
  return characters.length <= columns ? text : `${characters.slice(0, columns - 1).join('')}.`;
}

function wrapped(text: string): string[] {
  const lines = [''];
  for (const word of printable(text).split(' ').filter(Boolean)) {
    const line = lines.at(-1) ?? '';
    if (line !== '' && line.length + 1 + word.length > COLUMNS) lines.push(cut(word, COLUMNS));
    else lines[lines.length - 1] = cut(line === '' ? word : `${line} ${word}`, COLUMNS);
  }
  return lines;
}
