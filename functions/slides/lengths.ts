/** Lengths on a page as they are written: a number of points, or a text with its unit. */
import type { Length } from '#shared/slides/asked.ts';

const EMU_PER: Record<string, number> = { emu: 1, pt: 12_700, cm: 360_000, in: 914_400 };
/** Two hundred times the width of an ordinary page, and far from where sums of such numbers would lose their last digit. */
const MOST_EMU = 2_000_000_000;
const MOST_PARTS = 200;

export const LENGTH_RULE = 'must be a number of points, or a text such as 30pt, 2cm, 1in, 10% or 914400emu';

/** Undefined for what is no length, or beyond all pages. */
export function readLength(given: number | string): Length | undefined {
  const [, digits, unit = 'pt'] =
    typeof given === 'number'
      ? [given, given]
      : (/^(-?(?:\d+\.?\d*|\.\d+)) ?(emu|pt|cm|in|%)$/.exec(given.trim().toLowerCase()) ?? []);
  const value = Number(digits ?? Number.NaN);
  if (unit === '%') return Math.abs(value) <= MOST_PARTS * 100 ? { part: value / 100 } : undefined;
  const emu = value * (EMU_PER[unit] ?? Number.NaN);
  return Math.abs(emu) <= MOST_EMU ? { emu } : undefined;
}

export function isNegative(length: Length): boolean {
  return ('emu' in length ? length.emu : length.part) < 0;
}

export function isPositive(length: Length): boolean {
  return ('emu' in length ? length.emu : length.part) > 0;
}
