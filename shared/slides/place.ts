/** Where on its page an image may go that takes the place of nothing. All in EMU, from the page's upper left corner. */
import { ImageFault } from '../images/fault.ts';
import type { Alignment, Grid, Length, Placement } from './asked.ts';
import { alignedBy, type Extent } from './geometry.ts';

export interface Box extends Extent {
  x: number;
  y: number;
}

/** What a placement comes to on a page of known size, before the image's pixels are known. */
export interface Room {
  page: Extent;
  /** What the margins leave of the page, or of that the grid's cell. Its sides may be negative. */
  area: Box;
  x: number | undefined;
  y: number | undefined;
  w: number | undefined;
  h: number | undefined;
  align: Alignment;
}

/** `cell`: the one of the placement's grid. Throws `place_impossible`. */
export function roomFor({ x, y, w, h, align, margin, grid }: Placement, page: Extent, cell: number): Room {
  const across = (length: Length) => toEmu(length, page.width);
  const down = (length: Length) => toEmu(length, page.height);
  const left = across(margin.left);
  const top = down(margin.top);
  const inner: Box = {
    x: left,
    y: top,
    width: page.width - left - across(margin.right),
    height: page.height - top - down(margin.bottom),
  };
  return {
    page,
    area: grid ? cellOf(inner, grid, cell, across(grid.gap), down(grid.gap)) : inner,
    x: x && across(x),
    y: y && down(y),
    w: w && across(w),
    h: h && down(h),
    align,
  };
}

/** Whether the box is the same whatever the image. */
export function isFixed({ w, h }: Room): boolean {
  return (w === undefined) === (h === undefined);
}

/** The box for an image of this ratio, its width by its height. Throws `place_impossible` where nothing of it would be on the page. */
export function boxIn({ page, area, x, y, w, h, align }: Room, ratio: number): Box {
  let size: Extent;
  if (w !== undefined) size = { width: w, height: h ?? w / ratio };
  else if (h !== undefined) size = { width: h * ratio, height: h };
  else size = { width: area.x + area.width - (x ?? area.x), height: area.y + area.height - (y ?? area.y) };
  const { width, height } = size;
  if (!(width > 0 && height > 0)) throw impossible(`There is no room for it: its box would be ${inPoints(size)}.`);
  const loose = alignedBy(align);
  const box = {
    x: x ?? area.x + (area.width - width) * loose.across,
    y: y ?? area.y + (area.height - height) * loose.down,
    width,
    height,
  };
  if (box.x >= page.width || box.y >= page.height || box.x + width <= 0 || box.y + height <= 0)
    throw impossible(
      `Its box of ${inPoints(size)} at ${inPoints({ width: box.x, height: box.y })} is outside the page of ${inPoints(page)}.`,
    );
  return box;
}

function cellOf(inner: Box, { columns, rows }: Grid, cell: number, gapAcross: number, gapDown: number): Box {
  if (!(cell >= 0 && cell < columns * rows))
    throw impossible(`The grid has no cell ${cell}: it has ${columns * rows}, counted from 0.`);
  const width = (inner.width - gapAcross * (columns - 1)) / columns;
  const height = (inner.height - gapDown * (rows - 1)) / rows;
  return {
    x: inner.x + (cell % columns) * (width + gapAcross),
    y: inner.y + Math.floor(cell / columns) * (height + gapDown),
    width,
    height,
  };
}

function toEmu(length: Length, whole: number): number {
  return 'emu' in length ? length.emu : length.part * whole;
}

function impossible(detail: string): ImageFault {
  return new ImageFault('place_impossible', detail);
}

function inPoints({ width, height }: Extent): string {
  return [width, height]
    .map((emu) => `${Math.round(emu / 127) / 100}`)
    .join(' x ')
    .concat(' pt');
}
