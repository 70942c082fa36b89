import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { ROOT, reachable, type Source, sources } from './sources.ts';

const all = sources('functions', 'shared', 'scripts', 'test');
/** The stand-in for Google is a tool of tests that people may start by hand. */
const TOOL = 'scripts/fake-google.ts';
/** What runs outside tests. */
const product = reachable(
  all,
  (path) =>
    path !== TOOL &&
    /^functions\/(?:manifest|[^/]+\/index)\.ts$|^shared\/serve\/function-server\.ts$|^scripts\/[^/]+\.ts$/.test(path),
);
const deployed = product.filter(({ path }) => /^(?:functions|shared)\//.test(path));

/** Packages that are heavy to load or talk to a service. */
const isSdk = (specifier: string) =>
  /^(?:@google-cloud\/|@googleapis\/|googleapis\b|google-auth-library\b|google-gax\b|sharp\b|pg$|mysql2\b|libpg-query\b|@electric-sql\/|@kubernetes\/|@opentelemetry\/|@pyroscope\/)/.test(
    specifier,
  );

/** Folders of shared/ with several drivers behind one interface, and which of their files are the drivers. */
const DRIVERS: Record<string, string[]> = {
  store: ['memory.ts', 'sqlite.ts', 'firestore.ts'],
  queue: ['embedded.ts', 'pubsub.ts'],
  lease: ['store-records.ts', 'kubernetes-records.ts'],
  blobs: ['disk.ts', 'cloud-storage.ts'],
  migrations: ['postgres.ts', 'mysql.ts', 'sqlite.ts', 'firestore.ts'],
};

/** Every offence as `file: what`, so that a failure names the place. */
function none(offences: Iterable<string>): void {
  assert.deepEqual([...offences], []);
}

function* offences(files: readonly Source[], find: (file: Source) => Iterable<string>): Generator<string> {
  for (const file of files) for (const what of find(file)) yield `${file.path}: ${what}`;
}

describe('layers', () => {
  it('sees imports at all: every relative or #-import leads to a file that exists', () => {
    const own = all
      .filter(({ path }) => !path.startsWith('scripts/'))
      .flatMap(({ path, imports }) => imports.map((found) => ({ path, ...found })));
    assert.ok(own.filter(({ kind }) => kind === 'type').length > 10);
    assert.ok(own.filter(({ kind }) => kind === 'value').length > 10);
    none(
      own
        .filter(({ file }) => file && !existsSync(join(ROOT, file)))
        .map(({ path, specifier }) => `${path}: ${specifier}`),
    );
  });

  it('keeps a function to its own folder and #shared', () => {
    const functions = all.filter(({ path }) => /^functions\/.+\//.test(path));
    none(
      offences(functions, function* ({ path, imports }) {
        const folder = /^functions\/[^/]+\//.exec(path)?.[0] ?? '';
        for (const { specifier, file } of imports)
          if (file && !file.startsWith(folder) && !specifier.startsWith('#shared/')) yield specifier;
      }),
    );
  });

  it('keeps shared/ ignorant of functions/', () => {
    none(
      offences(
        all.filter(({ path }) => path.startsWith('shared/')),
        function* ({ imports }) {
          for (const { specifier, file } of imports) if (file && !file.startsWith('shared/')) yield specifier;
        },
      ),
    );
  });

  it('keeps tests and their tools out of the product', () => {
    assert.ok(deployed.length > 50);
    none(
      product
        .map(({ path }) => path)
        .filter((path) => /\.(?:test|contract)\.ts$|(?:^|\/)testing(?:\/|\.ts$)|^test\//.test(path)),
    );
  });

  it('loads an SDK by value in one *-client.ts file alone', () => {
    const clients = new Map<string, string[]>();
    for (const { path, imports } of deployed)
      for (const { specifier, kind } of imports)
        if (isSdk(specifier) && kind !== 'type') clients.set(specifier, [...(clients.get(specifier) ?? []), path]);
    assert.ok(clients.size > 0);
    for (const [sdk, files] of clients) {
      assert.equal(files.length, 1, `${sdk} is loaded by ${files.join(' and ')}`);
      assert.match(files[0] ?? '', /-client\.ts$/, sdk);
    }
  });

  it('reaches the file that loads an SDK by await import() or import type alone', () => {
    const clients = deployed.filter(({ imports }) =>
      imports.some(({ specifier, kind }) => isSdk(specifier) && kind !== 'type'),
    );
    none(
      offences(deployed, function* ({ imports }) {
        for (const { specifier, kind, file } of imports)
          if (kind === 'value' && clients.some(({ path }) => path === file)) yield specifier;
      }),
    );
  });

  it("lets only a folder's index.ts choose among its drivers", () => {
    for (const [folder, drivers] of Object.entries(DRIVERS)) {
      for (const driver of drivers) assert.ok(existsSync(join(ROOT, 'shared', folder, driver)), `${folder}/${driver}`);
      none(
        offences(deployed, function* ({ path, imports }) {
          if (path === `shared/${folder}/index.ts`) return;
          for (const { specifier, file } of imports)
            if (drivers.some((driver) => file === `shared/${folder}/${driver}`)) yield specifier;
        }),
      );
    }
  });

  it('reads the environment in shared/config.ts alone', () => {
    none(
      offences(deployed, function* ({ path, code }) {
        if (
          path !== 'shared/config.ts' &&
          /\bprocess\b[\s\S]{0,3}\benv\b|\benv\b[^\n]*\bfrom 'node:process'/.test(code)
        )
          yield 'reads process.env';
      }),
    );
  });

  it('takes time and randomness from what is injected', () => {
    const givers = ['shared/clock.ts', 'shared/ids.ts', 'shared/serve/'];
    none(
      offences(deployed, function* ({ path, code }) {
        if (givers.some((giver) => path.startsWith(giver))) return;
        for (const [found] of code.matchAll(
          /\bDate\.now\(|\bnew Date\(\)|\bMath\.random\(|\brandomUUID\b|\brandomBytes\b/g,
        ))
          yield found;
      }),
    );
  });
});

describe('files', () => {
  it('have at most 300 lines', () => {
    none(
      offences(all, function* ({ text }) {
        const lines = text.split('\n').length - 1;
        if (lines > 300) yield `${lines} lines`;
      }),
    );
  });

  it('are named after what they hold', () => {
    none(
      all.map(({ path }) => path).filter((path) => /(?:^|\/)(?:utils?|helpers?|misc|common|lib)(?:\.|\/)/.test(path)),
    );
    none(all.map(({ path }) => path).filter((path) => !/^[a-z0-9./-]+$/.test(path)));
  });

  it('hold no contract that no test runs', () => {
    const contracts = all.filter(({ path }) => path.endsWith('.contract.ts')).map(({ path }) => path);
    assert.ok(contracts.length > 0);
    const run = new Set(
      all.filter(({ path }) => path.endsWith('.test.ts')).flatMap(({ imports }) => imports.map(({ file }) => file)),
    );
    none(contracts.filter((path) => !run.has(path)));
  });

  it("name no place on anybody's machine", () => {
    const inFolders = globSync('{functions,scripts,shared,test}/**/*.{ts,mjs,md,json}', { cwd: ROOT });
    const texts = [...inFolders, ...globSync(['*.{md,json}', '.*rc*', '.ci/*'], { cwd: ROOT })];
    assert.ok(texts.includes('README.md') && texts.some((path) => path.endsWith('config.ts')));
    none(
      texts.filter((path) =>
        /(?<![\w.:/-])\/(?:work|root|home|Users)\/\w/.test(readFileSync(join(ROOT, path), 'utf8')),
      ),
    );
  });
});
