import assert from 'node:assert/strict';
import test from 'node:test';
import { readSchema, type SchemaType } from './schema.ts';
import { SLIDES_ENUMS, SLIDES_INTEGERS } from './slides-enums.ts';

const slides = readSchema('slides/v1', {
  package: 'google.apps.slides.v1',
  enums: SLIDES_ENUMS,
  integers: SLIDES_INTEGERS,
});

/** The requests that Hawker sends. */
const USED = [
  'CreateImageRequest',
  'ReplaceImageRequest',
  'UpdatePageElementAltTextRequest',
  'UpdatePageElementsZOrderRequest',
  'DeleteObjectRequest',
  'CreateShapeRequest',
  'InsertTextRequest',
  'UpdateShapePropertiesRequest',
  'UpdateTextStyleRequest',
  'UpdateParagraphStyleRequest',
];
/** Text that may be any. */
const FREE =
  /^(?:objectId|imageObjectId|pageObjectId|pageElementObjectIds|url|title|description|text|fields|fontFamily)$/;
const WHOLE = /(?:Index|^weight)$/;

test('every text of a request that is used is free or one of listed values, every number whole or not', () => {
  const seen = new Set<string>();
  const walk = (name: string) => {
    if (seen.has(name)) return;
    seen.add(name);
    for (const [field, type] of slides.fields(name)) look(`${name}.${field}`, field, type);
  };
  const look = (spot: string, field: string, type: SchemaType) => {
    if (type.kind === 'message') walk(type.name);
    if (type.kind === 'list') look(spot, field, type.of);
    if (type.kind === 'string') assert.equal(spot in SLIDES_ENUMS, !FREE.test(field), spot);
    if (type.kind === 'number') assert.equal(SLIDES_INTEGERS.has(spot), WHOLE.test(field), spot);
  };
  USED.forEach(walk);
  for (const spot of [...Object.keys(SLIDES_ENUMS), ...SLIDES_INTEGERS])
    assert.ok(seen.has(spot.split('.')[0] ?? ''), spot);
});

test('no listed value is one that must not be sent', () => {
  const all = Object.values(SLIDES_ENUMS).flat();
  assert.ok(all.length > 200);
  for (const value of all) assert.match(value, /^(?!.*_UNSPECIFIED)[A-Z][A-Z0-9_]*$/);
});

test('a schema knows lists, maps, objects within and numbers', () => {
  assert.deepEqual(slides.fields('Presentation').get('slides'), {
    kind: 'list',
    of: { kind: 'message', name: 'Page' },
  });
  assert.deepEqual(slides.fields('DuplicateObjectRequest').get('objectIds'), { kind: 'map', of: { kind: 'string' } });
  assert.deepEqual(slides.fields('UpdateTableRowPropertiesRequest').get('rowIndices'), {
    kind: 'list',
    of: { kind: 'number' },
  });
  const capabilities = readSchema('drive/v3').fields('File').get('capabilities');
  assert.equal(capabilities?.kind === 'object' && capabilities.fields.get('canDownload')?.kind, 'boolean');
  assert.ok(slides.fields('Request').size > 40);
});

test('every violation is told, with its place', () => {
  const request = {
    requests: [{ deleteObject: { objectId: null } }, { deleteObject: { objectId: ['a'], id: 'b' } }],
    extra: 1,
  };
  assert.throws(() => slides.check('BatchUpdatePresentationRequest', request), {
    code: 400,
    message: [
      `Invalid value at 'requests[1].delete_object.object_id' (TYPE_STRING), ["a"]`,
      `Invalid JSON payload received. Unknown name "id" at 'requests[1].delete_object': Cannot find field.`,
      `Invalid JSON payload received. Unknown name "extra": Cannot find field.`,
    ].join('\n'),
  });
  assert.throws(() => slides.check('BatchUpdatePresentationRequest', { requests: {} }), /repeated field/);
  assert.throws(() => slides.check('BatchUpdatePresentationRequest', []), /BatchUpdatePresentationRequest/);
  slides.check('BatchUpdatePresentationRequest', { requests: null });
});
