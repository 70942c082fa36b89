import type { Grid, ImageAsked, Placement } from './asked.ts';
import { type Deck, findSlide } from './deck.ts';

/** The cell for the next image with this placement on a slide, given by its object id. */
export type TakeCell = (page: string, place: Placement) => number;

/** Images that name no cell take those of their slide's grid in order, but none that another image names. Grids of other columns or rows are other grids. */
export function createCells(deck: Deck, images: readonly ImageAsked[]): TakeCell {
  const gone = new Map<string, Set<number>>();
  const goneOf = (page: string, { columns, rows }: Grid) => {
    const key = `${columns} ${rows} ${page}`;
    const cells = gone.get(key) ?? new Set();
    gone.set(key, cells);
    return cells;
  };

  for (const { target } of images) {
    if (target.type !== 'page' || target.place.grid?.cell === undefined) continue;
    const slide = findSlide(deck, target.page);
    if (slide) goneOf(slide.objectId, target.place.grid).add(target.place.grid.cell);
  }

  return (page, { grid }) => {
    if (!grid) return 0;
    if (grid.cell !== undefined) return grid.cell;
    const cells = goneOf(page, grid);
    let cell = 0;
    while (cells.has(cell)) cell++;
    cells.add(cell);
    return cell;
  };
}
