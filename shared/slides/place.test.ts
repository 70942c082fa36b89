import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ImageFault } from '../images/fault.ts';
import type { Placement } from './asked.ts';
import { type Box, boxIn, isFixed, roomFor } from './place.ts';
import { anyAlignment } from './plan-arbitraries.ts';
import { PAGE, PT, placement } from './plan-rig.ts';

const pt = (points: number) => ({ emu: points * PT });
const part = (of: number) => ({ part: of });
const MARGIN = { top: pt(10), right: pt(20), bottom: pt(30), left: pt(40) };

function box(over: Partial<Placement>, ratio = 2, cell = 0): Box {
  return boxIn(roomFor(placement(over), PAGE, cell), ratio);
}

/** In points: left, top, width, height. */
function points(over: Partial<Placement>, ratio = 2, cell = 0): number[] {
  const { x, y, width, height } = box(over, ratio, cell);
  return [x, y, width, height].map((emu) => emu / PT);
}

function assertImpossible(over: Partial<Placement>, detail: string, cell = 0): void {
  assert.throws(
    () => box(over, 2, cell),
    (error) => error instanceof ImageFault && error.code === 'place_impossible' && error.message === detail,
  );
}

test('without a size the box is what the margins leave of the page, from x and y on', () => {
  assert.deepEqual(points({}), [0, 0, 720, 405]);
  assert.deepEqual(points({ margin: MARGIN }), [40, 10, 660, 365]);
  assert.deepEqual(points({ margin: MARGIN, x: pt(100) }), [100, 10, 600, 365]);
  assert.deepEqual(points({ margin: MARGIN, x: pt(-10), y: pt(100) }), [-10, 100, 710, 275]);
});

test('lengths are EMU or parts of the page, of its width or of its height', () => {
  assert.deepEqual(points({ x: part(0.25), y: part(0.2), w: part(0.5), h: part(0.4) }), [180, 81, 360, 162]);
  const tenth = part(0.1);
  assert.deepEqual(points({ margin: { top: tenth, right: tenth, bottom: tenth, left: tenth } }), [72, 40.5, 576, 324]);
});

test('with a width or a height alone the other one follows from the image', () => {
  assert.deepEqual(points({ x: pt(0), y: pt(0), w: pt(100) }, 2), [0, 0, 100, 50]);
  assert.deepEqual(points({ x: pt(0), y: pt(0), h: pt(100) }, 2), [0, 0, 200, 100]);
  const room = (over: Partial<Placement>) => isFixed(roomFor(placement(over), PAGE, 0));
  assert.deepEqual(
    [room({}), room({ w: pt(1), h: pt(1) }), room({ w: pt(1) }), room({ h: pt(1) })],
    [true, true, false, false],
  );
});

test('where x or y is absent the box stands aligned within what the margins leave', () => {
  const over = { margin: MARGIN, w: pt(60), h: pt(65) };
  assert.deepEqual(points({ ...over, align: 'top-left' }), [40, 10, 60, 65]);
  assert.deepEqual(points({ ...over, align: 'top' }), [340, 10, 60, 65]);
  assert.deepEqual(points({ ...over, align: 'right' }), [640, 160, 60, 65]);
  assert.deepEqual(points({ ...over, align: 'center' }), [340, 160, 60, 65]);
  assert.deepEqual(points({ ...over, align: 'bottom-right' }), [640, 310, 60, 65]);
  assert.deepEqual(points({ ...over, align: 'bottom-right', x: pt(5) }), [5, 310, 60, 65]);
});

test('a grid cuts what the margins leave into cells, row by row', () => {
  const grid = { columns: 3, rows: 2, gap: pt(30) };
  assert.deepEqual(points({ margin: MARGIN, grid }, 1, 0), [40, 10, 200, 167.5]);
  assert.deepEqual(points({ margin: MARGIN, grid }, 1, 2), [500, 10, 200, 167.5]);
  assert.deepEqual(points({ margin: MARGIN, grid }, 1, 4), [270, 207.5, 200, 167.5]);
  assert.deepEqual(points({ margin: MARGIN, grid, w: pt(50), align: 'bottom-right' }, 1, 5), [650, 325, 50, 50]);
  assert.deepEqual(points({ grid: { columns: 2, rows: 2, gap: part(0.1) } }, 1, 3), [396, 222.75, 324, 182.25]);
});

test('where there is no room, the answer says so in numbers', () => {
  assertImpossible({ margin: { ...MARGIN, left: pt(700) } }, 'There is no room for it: its box would be 0 x 365 pt.');
  assertImpossible(
    { margin: { ...MARGIN, bottom: part(1) } },
    'There is no room for it: its box would be 660 x -10 pt.',
  );
  assertImpossible({ x: pt(720) }, 'There is no room for it: its box would be 0 x 405 pt.');
  assertImpossible({ w: pt(0) }, 'There is no room for it: its box would be 0 x 0 pt.');
  assertImpossible({ w: pt(-1), h: pt(3) }, 'There is no room for it: its box would be -1 x 3 pt.');
  const grid = { columns: 9, rows: 1, gap: pt(90) };
  assertImpossible({ grid }, 'There is no room for it: its box would be 0 x 405 pt.', 3);
});

test('a cell that the grid does not have is refused', () => {
  const grid = { columns: 3, rows: 2, gap: pt(0) };
  assertImpossible({ grid }, 'The grid has no cell 6: it has 6, counted from 0.', 6);
  assertImpossible({ grid }, 'The grid has no cell -1: it has 6, counted from 0.', -1);
});

test('a box may hang over the edge of the page, but not lie outside it', () => {
  const over = { w: pt(100), h: pt(50) };
  assert.deepEqual(points({ ...over, x: pt(719), y: pt(404) }), [719, 404, 100, 50]);
  assert.deepEqual(points({ ...over, x: pt(-99), y: pt(-49) }), [-99, -49, 100, 50]);
  assert.deepEqual(points({ x: pt(-10), y: pt(-10), w: pt(2000), h: pt(2000) }), [-10, -10, 2000, 2000]);
  assertImpossible(
    { ...over, x: pt(720), y: pt(0) },
    'Its box of 100 x 50 pt at 720 x 0 pt is outside the page of 720 x 405 pt.',
  );
  assertImpossible(
    { ...over, x: pt(0), y: pt(405) },
    'Its box of 100 x 50 pt at 0 x 405 pt is outside the page of 720 x 405 pt.',
  );
  assertImpossible(
    { ...over, x: pt(-100), y: pt(0) },
    'Its box of 100 x 50 pt at -100 x 0 pt is outside the page of 720 x 405 pt.',
  );
  assertImpossible(
    { w: pt(100), x: pt(0), y: pt(-50) },
    'Its box of 100 x 50 pt at 0 x -50 pt is outside the page of 720 x 405 pt.',
  );
});

test('whatever cell of whatever grid, its box is on the page within the margins and apart from the others by the gap', () => {
  const margin = fc.integer({ min: 0, max: 100 }).map(pt);
  const count = fc.integer({ min: 1, max: 5 });
  const margins = fc.record({ top: margin, right: margin, bottom: margin, left: margin });
  const gap = fc.integer({ min: 0, max: 20 });
  fc.assert(
    fc.property(margins, count, count, gap, anyAlignment, (sides, columns, rows, points, align) => {
      const over = { margin: sides, align, grid: { columns, rows, gap: pt(points) } };
      const boxes = Array.from({ length: columns * rows }, (_, cell) => box(over, 1, cell));
      for (const [cell, { x, y, width, height }] of boxes.entries()) {
        assert.ok(x >= sides.left.emu - 1 && y >= sides.top.emu - 1);
        assert.ok(x + width <= PAGE.width - sides.right.emu + 1 && y + height <= PAGE.height - sides.bottom.emu + 1);
        const next = (cell + 1) % columns === 0 ? undefined : boxes[cell + 1];
        if (next) assert.ok(Math.abs(next.x - x - width - points * PT) < 1 && next.y === y);
        const below = boxes[cell + columns];
        if (below) assert.ok(Math.abs(below.y - y - height - points * PT) < 1 && below.x === x);
      }
    }),
  );
});
