import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseTargets } from '../targets-schema.ts';

const parse = (kind: string, address: object) =>
  parseTargets({ targets: [{ name: 'docs', kind, address, folder: 'docs' }] }, '/etc/targets.json');

describe('the address of a Firestore target', () => {
  it('names a project and a database, or neither', () => {
    const read = [{}, { project: 'shop-prod', database: 'europe' }].map((firestore) =>
      parse('firestore', { firestore }),
    );
    assert.deepEqual(
      read.map((found) => ('targets' in found ? found.targets[0]?.address : found)),
      [
        { from: 'firestore', database: '(default)' },
        { from: 'firestore', project: 'shop-prod', database: 'europe' },
      ],
    );
  });

  it('is for Firestore, and Firestore has no other', () => {
    for (const found of [parse('postgres', { firestore: {} }), parse('firestore', { variable: 'DOCS' })])
      assert.match('problems' in found ? found.problems.join() : '', /^target docs, address: must be \{"firestore": /);
  });
});
