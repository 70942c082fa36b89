import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { EXPIRING } from '#functions/collections.ts';
import { MANIFEST } from '#functions/manifest.ts';
import { SETTINGS, TOLD } from '#shared/config.ts';
import { regenerate } from '../scripts/docs.ts';
import { ROOT } from './sources.ts';

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const documents = globSync(['*.md', '{functions,shared,scripts,test}/**/*.md'], { cwd: ROOT });
const readme = read('README.md');

/** Collections whose documents are written without `expireAt`. */
const STAYING = [
  'api-keys',
  'bus-lists',
  'domain-state',
  'domains',
  'hosts',
  'lease-fences',
  'lease-terms',
  'leases',
  'link-stats',
  'link-targets',
  'link-uses',
  'links',
  'outbox',
  'outbox-dead',
  'push-keys',
  'slides-keys',
];

describe('the documents', () => {
  it("have README's tables as the code makes them", () => {
    assert.deepEqual(regenerate(readme).drifted, []);
  });

  it('lead to files and headings that exist', () => {
    for (const document of documents)
      for (const [, link = ''] of read(document).matchAll(/\]\((?!https?:|mailto:)([^)\s]+)\)/g)) {
        const [file = '', heading] = link.split('#');
        const target = file === '' ? document : join(dirname(document), file);
        assert.ok(existsSync(join(ROOT, target)), `${document} -> ${link}`);
        if (heading !== undefined) assert.ok(headings(read(target)).includes(heading), `${document} -> ${link}`);
      }
  });

  it('name settings and npm scripts that exist', () => {
    const scripts = Object.keys((JSON.parse(read('package.json')) as { scripts: object }).scripts);
    for (const document of documents) {
      const text = read(document);
      for (const [name] of text.matchAll(/\bHAWKER_[A-Z_]+\b/g))
        assert.ok(name in SETTINGS || TOLD.includes(name), `${document}: ${name}`);
      for (const [, name = ''] of text.matchAll(/\bnpm run ([a-z][a-z:-]*)/g))
        assert.ok(scripts.includes(name), `${document}: npm run ${name}`);
    }
  });

  it('name for time-to-live every collection but those whose documents stay', () => {
    const [, list = ''] = /time-to-live policies \(field `expireAt` of ([^;]*);/.exec(readme) ?? [];
    const swept = [...list.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);
    assert.deepEqual(swept, [...EXPIRING]);
    const kept = MANIFEST.flatMap(({ store }) => Object.keys(store)).filter((name) => !swept.includes(name));
    assert.deepEqual([...new Set(kept)].sort(), STAYING);
  });

  it('have a changelog that opens with what is pending', () => {
    assert.match(read('CHANGELOG.md'), /^# Changelog\n[\s\S]*?\n## Pending\n\n- /);
  });
});

describe('regenerate', () => {
  it('names a part that was edited by hand and mends it', () => {
    const edited = readme.replace('| `PORT` |', '| `PROT` |');
    const { text, drifted } = regenerate(edited);
    assert.deepEqual(drifted, ['settings']);
    assert.equal(text, readme);
  });

  it('names a part whose markers are gone and leaves the text alone', () => {
    const edited = readme.replace('<!-- functions:end -->', '');
    const { text, drifted } = regenerate(edited);
    assert.deepEqual(drifted, ['functions']);
    assert.equal(text, edited);
  });
});

/** The anchors of a document's headings. */
function headings(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\w\s-]/g, '')
      .replaceAll(/\s/g, '-'),
  );
}
