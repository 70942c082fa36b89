/** What a part of the bench is given, and what it answers. */
export interface Workplace {
  /** A folder of its own for everything it writes. */
  folder: string;
  /** Says what is going on, to whoever waits. */
  say: (line: string) => void;
}

/** One line of the table. */
export interface Figure {
  what: string;
  measured: string;
  budget?: string;
}

export type Part = (workplace: Workplace) => Promise<Figure[]>;

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const at = (index: number) => sorted[index] ?? Number.NaN;
  return Number.isInteger(middle) ? (at(middle - 1) + at(middle)) / 2 : at(Math.floor(middle));
}

/** How two things compare that were measured in turns: the median of each round's ratio, and the spread of those. */
export function ratioOf(ours: readonly number[], theirs: readonly number[]): string {
  const ratios = ours.map((value, index) => value / (theirs[index] ?? Number.NaN));
  return `${median(ratios).toFixed(2)} x (${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)})`;
}
