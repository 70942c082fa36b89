import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { belongsTo, objectIdFor, objectIdPrefix } from './object-id.ts';

/** CreateImageRequest.objectId. */
const VALID = /^\w[\w:-]{4,49}$/;

test('the ids of a job are valid for Slides, all different, and told from those of any other job', () => {
  const ids = new Set<string>();
  for (const job of ['one', 'another', ''])
    for (let index = 0; index < 100; index++)
      for (let occurrence = 0; occurrence < 50; occurrence++) {
        const objectId = objectIdFor(job, index, occurrence);
        assert.match(objectId, VALID);
        ids.add(objectId);
      }
  assert.equal(ids.size, 3 * 100 * 50);
  assert.match(objectIdFor('job', 99, 1_000_000), VALID);
});

test('an id is the same for the same job, image and occurrence, and says which image it is', () => {
  const number = fc.nat({ max: 999_999 });
  fc.assert(
    fc.property(fc.string(), fc.string(), number, number, number, (job, other, index, occurrence, stranger) => {
      const objectId = objectIdFor(job, index, occurrence);
      assert.equal(objectIdFor(job, index, occurrence), objectId);
      assert.equal(belongsTo(objectId, job), index);
      assert.equal(belongsTo(objectId, other), other === job ? index : undefined);
      assert.ok(objectId.startsWith(objectIdPrefix(job, index)));
      assert.equal(objectId.startsWith(objectIdPrefix(job, stranger)), stranger === index);
    }),
  );
});

test('what only looks like an id of the job is none', () => {
  const prefix = objectIdPrefix('job', 1);
  assert.equal(belongsTo(`${prefix}0`, 'job'), 1);
  for (const odd of [
    prefix,
    `${prefix}x`,
    prefix.replace('_1_', '_01_0'),
    `${prefix}0_0`,
    `${prefix}01`,
    `${prefix}-1`,
    `x${prefix}0`,
    `${prefix.slice(0, -2)}`,
    '',
  ])
    assert.equal(belongsTo(odd, 'job'), undefined, odd);
});
