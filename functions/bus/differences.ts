/**
 * What changed between two boards of a stop, so that a stream sends that alone.
 *
 * What follows from the passing of time by itself (minutes, what to display, ages) is no change: whoever shows a board counts by `eta`.
 */
import type { BoardRow } from '#shared/bus/board.ts';

/** A board's rows, each with the text that stands for its data. */
export interface Frame {
  rows: readonly BoardRow[];
  /** By the row's id. */
  data: ReadonlyMap<string, string>;
}

export interface Difference {
  /** Whole rows, new and changed. */
  changed: BoardRow[];
  removed: BoardRow[];
  /** The ids of all rows in their order, where a row has come, gone or moved. */
  order?: string[];
}

export function frameOf(rows: readonly BoardRow[]): Frame {
  return { rows, data: new Map(rows.map((row) => [row.id, dataOf(row)])) };
}

export function differenceBetween(before: Frame, after: Frame): Difference {
  const changed = after.rows.filter((row) => before.data.get(row.id) !== after.data.get(row.id));
  const removed = before.rows.filter((row) => !after.data.has(row.id));
  const order = after.rows.map(({ id }) => id);
  const moved = before.rows.length !== order.length || before.rows.some(({ id }, index) => id !== order[index]);
  return { changed, removed, ...(moved && { order }) };
}

export function isEmpty({ changed, removed, order }: Difference): boolean {
  return changed.length === 0 && removed.length === 0 && order === undefined;
}

function dataOf(row: BoardRow): string {
  const buses = row.buses.map(({ minutes: _minutes, display: _display, state: _state, position, ...bus }) => ({
    ...bus,
    at: position && [position.lat, position.lon],
  }));
  return JSON.stringify({ ...row, buses });
}
