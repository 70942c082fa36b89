/** What is measured and traced of conversions. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { watchTelemetry } from '../testing/watched-telemetry.ts';
import { createConverter } from './convert.ts';
import { convert, drawing, photo, svg } from './testing.ts';

test('a conversion is one step, with the kind and size of what came, also one that fails', async () => {
  using telemetry = await watchTelemetry();
  const bytes = await photo().webp().toBuffer();
  await telemetry.invoke(async () => {
    await convert(bytes);
    await convert((await photo().png().toBuffer()).subarray(0, 60));
  });
  const [made, broken] = telemetry.spans.filter(({ name }) => name === 'image.convert');
  assert.deepEqual(made?.attributes, { 'hawker.image.kind': 'webp', 'hawker.image.size': bytes.length });
  assert.equal(broken?.attributes['error.type'], 'broken_image');
  assert.deepEqual(telemetry.series('hawker.slides.conversion.duration'), { '': 1, broken_image: 1 });
});

test('an SVG that is drawn and then converted is one conversion', async () => {
  using telemetry = await watchTelemetry();
  const drawn = { png: await drawing().png().toBuffer(), width: 6, height: 4 };
  const converter = createConverter(async () => drawn);
  const { signal } = new AbortController();
  await telemetry.invoke(() => converter(svg('width="6" height="4"'), { type: 'none' }, { signal }));
  assert.equal(telemetry.span('image.convert').attributes['hawker.image.kind'], 'svg');
  assert.deepEqual(telemetry.series('hawker.slides.conversion.duration'), { '': 1 });
});
