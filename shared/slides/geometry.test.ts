import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  compose,
  type Extent,
  type Frame,
  IDENTITY,
  layInto,
  readTransform,
  renderedArea,
  renderedSize,
  type Transform,
  toEmu,
  writeTransform,
} from './geometry.ts';
import { anyAlignment, anyFit, anyPixels, anyTransform } from './plan-arbitraries.ts';

const at = ({ a, b, c, d, e, f }: Transform, x: number, y: number) => ({ x: a * x + c * y + e, y: b * x + d * y + f });
const length = fc.integer({ min: 20_000, max: 10_000_000 });
const anyFrame: fc.Arbitrary<Frame> = fc.record({
  width: length,
  height: length,
  transform: anyTransform.map(readTransform),
});

/** Of a point on the page, its coordinates in the frame in EMU along its sides, and how far one EMU on the page may go there. */
function within({ width, height, transform }: Frame, point: { x: number; y: number }) {
  const { a, b, c, d, e, f } = transform;
  const determinant = a * d - b * c;
  const [x, y] = [point.x - e, point.y - f];
  const sides = renderedSize({ width, height, transform });
  return {
    across: ((d * x - c * y) / determinant / width) * sides.width,
    down: ((a * y - b * x) / determinant / height) * sides.height,
  };
}

/** How much longer than on the page a step may be along the sides of a sheared frame. */
function slack({ transform: { a, b, c, d } }: Frame): number {
  return (Math.hypot(a, b) * Math.hypot(c, d)) / Math.abs(a * d - b * c);
}

/** The image's four corners, along the sides of the frame. */
function cornersOf(frame: Frame, size: Extent, transform: Transform) {
  const corners = [0, 1].flatMap((x) =>
    [0, 1].map((y) => within(frame, at(transform, x * size.width, y * size.height))),
  );
  return {
    left: Math.min(...corners.map((corner) => corner.across)),
    right: Math.max(...corners.map((corner) => corner.across)),
    top: Math.min(...corners.map((corner) => corner.down)),
    bottom: Math.max(...corners.map((corner) => corner.down)),
  };
}

function assertNear(actual: number, expected: number, tolerance: number): void {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected} +- ${tolerance}`);
}

test('a transform is read as the API leaves it out: zeros where fields are absent, nothing moved where all of it is', () => {
  assert.deepEqual(readTransform(undefined), IDENTITY);
  assert.deepEqual(readTransform({}), { a: 0, b: 0, c: 0, d: 0, e: 0, f: 0 });
  assert.deepEqual(
    readTransform({ scaleX: 2, shearY: 3, shearX: 4, scaleY: 5, translateX: 6, translateY: 7, unit: 'PT' }),
    {
      ...{ a: 2, b: 3, c: 4, d: 5 },
      ...{ e: 6 * 12_700, f: 7 * 12_700 },
    },
  );
  assert.equal(toEmu(undefined), 0);
  assert.equal(toEmu({}), 0);
  assert.equal(toEmu({ magnitude: 2 }), 2);
  assert.equal(toEmu({ magnitude: 2, unit: 'EMU' }), 2);
  assert.equal(toEmu({ magnitude: 2, unit: 'PT' }), 25_400);
});

test('a transform survives being written and read', () => {
  fc.assert(fc.property(anyTransform, (given) => assert.deepEqual(writeTransform(readTransform(given)), given)));
});

test('composing two transforms is applying the inner one first', () => {
  fc.assert(
    fc.property(anyTransform, anyTransform, length, length, (outer, inner, x, y) => {
      const first = at(readTransform(inner), x, y);
      const expected = at(readTransform(outer), first.x, first.y);
      const actual = at(compose(readTransform(outer), readTransform(inner)), x, y);
      assertNear(actual.x, expected.x, 1e-3);
      assertNear(actual.y, expected.y, 1e-3);
    }),
  );
});

test('the size of an element on the page is its own by its transform, whatever way it is turned', () => {
  const square = { width: 3_000_000, height: 3_000_000 };
  assert.deepEqual(renderedSize({ ...square, transform: { ...IDENTITY, a: 0.5, d: -0.25 } }), {
    width: 1_500_000,
    height: 750_000,
  });
  assert.deepEqual(renderedSize({ ...square, transform: { a: 0, b: 0.5, c: -0.25, d: 0, e: 1, f: 1 } }), {
    width: 1_500_000,
    height: 750_000,
  });
  assert.equal(renderedArea({ ...square, transform: { ...IDENTITY, a: 1, b: 1, c: 1, d: 1 } }), 0);
  assert.equal(renderedArea({ width: 2, height: 3, transform: { ...IDENTITY, a: -1 } }), 6);
});

test('an image in a box that is neither turned nor scaled has its size, and no scale', () => {
  const frame = { width: 400, height: 300, transform: { ...IDENTITY, e: 10, f: 20 } };
  const lay = (align: Parameters<typeof layInto>[3]) => layInto(frame, { width: 200, height: 100 }, 'contain', align);
  assert.deepEqual(lay('top'), { size: { width: 400, height: 200 }, transform: { ...IDENTITY, e: 10, f: 20 } });
  assert.deepEqual(lay('center'), { size: { width: 400, height: 200 }, transform: { ...IDENTITY, e: 10, f: 70 } });
  assert.deepEqual(lay('bottom-left'), {
    size: { width: 400, height: 200 },
    transform: { ...IDENTITY, e: 10, f: 120 },
  });
  assert.deepEqual(layInto(frame, { width: 100, height: 200 }, 'contain', 'right'), {
    size: { width: 150, height: 300 },
    transform: { ...IDENTITY, e: 260, f: 20 },
  });
  assert.deepEqual(layInto(frame, { width: 200, height: 100 }, 'stretch', 'center'), {
    size: { width: 400, height: 200 },
    transform: { ...IDENTITY, d: 1.5, e: 10, f: 20 },
  });
});

test('in any parallelogram all corners of the image lie within it, and it reaches the edges that it must', () => {
  fc.assert(
    fc.property(anyFrame, anyPixels, anyFit, anyAlignment, (frame, pixels, fit, align) => {
      const { size, transform } = layInto(frame, pixels, fit, align);
      const { left, right, top, bottom } = cornersOf(frame, size, transform);
      const { width, height } = renderedSize(frame);
      // One EMU on the page for rounding the size, one for the place; an image is at least one EMU thick.
      const near = 1.5 * slack(frame) + 1e-3;
      for (const low of [left, top]) assert.ok(low >= -near, `${low}`);
      assert.ok(right <= width + near && bottom <= height + near);
      if (fit !== 'contain') {
        for (const low of [left, top]) assertNear(low, 0, near);
        assertNear(right, width, near);
        assertNear(bottom, height, near);
        return;
      }
      assert.ok(right - left >= width - near || bottom - top >= height - near, 'it could be larger');
      if (align.endsWith('left')) assertNear(left, 0, near);
      if (align.endsWith('right')) assertNear(right, width, near);
      if (align.startsWith('top')) assertNear(top, 0, near);
      if (align.startsWith('bottom')) assertNear(bottom, height, near);
      if (align === 'center') {
        assertNear(left, width - right, 2 * near);
        assertNear(top, height - bottom, 2 * near);
      }
    }),
    { numRuns: 2_000 },
  );
});

test("the size that Slides is told is whole EMU with the image's own ratio, the transform turned and mirrored as the box is", () => {
  fc.assert(
    fc.property(anyFrame, anyPixels, anyFit, anyAlignment, (frame, pixels, fit, align) => {
      const { size, transform } = layInto(frame, pixels, fit, align);
      for (const whole of [size.width, size.height, transform.e, transform.f]) assert.ok(Number.isSafeInteger(whole));
      assert.ok(size.width >= 1 && size.height >= 1);
      const [long, short] =
        pixels.width > pixels.height ? (['width', 'height'] as const) : (['height', 'width'] as const);
      assertNear(size[short], (size[long] * pixels[short]) / pixels[long], 1);
      const { a, b, c, d } = frame.transform;
      assertNear(Math.atan2(transform.b, transform.a), Math.atan2(b, a), 1e-9);
      assertNear(Math.atan2(transform.d, transform.c), Math.atan2(d, c), 1e-9);
      if (fit === 'contain') assertNear(Math.hypot(transform.a, transform.b), 1, 1e-9);
    }),
  );
});
