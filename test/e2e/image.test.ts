/**
 * The image without Docker: what its Dockerfile says, and a rehearsal of its steps. What COPY would copy is copied, what RUN runs is run but for the
 * installation, and the result is used as the image is: by a user who may write nothing, with nothing of the repository in reach.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { MANIFEST } from '#functions/manifest.ts';
import { all, copies, createContext, parseDockerfile } from '../support/dockerfile.ts';
import { startHawker } from '../support/hawker.ts';

const ROOT = join(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const stages = parseDockerfile(read('Dockerfile'));
const stage = (name: string) => stages.find((found) => found.name === name) ?? assert.fail(`there is no stage ${name}`);
const sent = createContext(read('.dockerignore'));
const own = JSON.parse(read('package.json')) as { devDependencies: { node: string }; dependencies: object };

describe('the Dockerfile', () => {
  it('builds and runs with the major of Node that tests run with', () => {
    const major = own.devDependencies.node.split('.')[0];
    assert.deepEqual(
      stages.map(({ name, from }) => [name, from]),
      [
        ['build', `node:${major}-trixie`],
        ['program', `gcr.io/distroless/nodejs${major}-debian13:\${TAG}`],
        ['single', 'program'],
        // The last one is what is built where nothing else is said.
        ['functions', 'program'],
      ],
    );
  });

  it('leaves an image without root and without a shell, whose program is an argument of node', () => {
    for (const word of ['RUN', 'ENTRYPOINT'])
      for (const each of stages.slice(1)) assert.deepEqual(all(each, word), [], each.name);
    for (const name of ['functions', 'single']) {
      const [program, ...more] = JSON.parse(all(stage(name), 'CMD')[0] ?? '') as string[];
      assert.match(program ?? '', /^dist\/[\w-]+\/index\.js$/);
      assert.deepEqual(more, []);
    }
    const users = stages.slice(1).map((each) => all(each, 'USER'));
    assert.deepEqual(users, [['65532:65532'], [], []], 'the later ones keep it');
  });

  it('copies what is there and what .dockerignore lets through, and keeps nothing of the build but the image', () => {
    for (const { from, sources } of copies(stage('build'))) {
      assert.equal(from, undefined);
      for (const path of sources.filter((each) => !each.includes('[')))
        assert.ok(existsSync(join(ROOT, path)) && sent(path), path);
    }
    for (const later of stages.slice(1))
      for (const { from, sources } of copies(later)) {
        assert.equal(from, 'build');
        assert.deepEqual(
          sources.filter((path) => !['/image', '/data'].includes(path)),
          [],
        );
      }
  });

  it('asks for no secret, and lets none of the usual files near it', () => {
    const given = [...read('Dockerfile').matchAll(/^ARG (.*)$/gm)].map(([, arg]) => arg);
    assert.deepEqual(given, ['TAG=nonroot']);
    assert.doesNotMatch(read('Dockerfile'), /--mount|KEY=|TOKEN|PASSWORD|SECRET/i);
    const kept = ['package.json', '.npmrc', 'functions/manifest.ts', 'scripts/build.ts', 'shared/serve/listen.ts'];
    const away = [
      '.git/config',
      '.env',
      '.data/hawker.db',
      'functions/.env',
      'scripts/key.pem',
      'node_modules/pg/x.js',
    ];
    const tests = [
      'shared/serve/listen.test.ts',
      'test/docs.test.ts',
      'hawker.deploy.json',
      'shared/node_modules/x.js',
    ];
    assert.deepEqual([...kept, ...away, ...tests].filter(sent), kept);
  });
});

describe('the image, rehearsed', () => {
  let folder: string;
  let image: string;
  let node: string;
  const unprivileged = process.getuid?.() === 0 ? ({ uid: 65532, gid: 65532 } as const) : undefined;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'hawker-image-'));
    const source = join(folder, 'source');
    image = join(folder, 'image');
    mkdirSync(source);
    for (const { sources } of copies(stage('build')))
      for (const path of sources.filter((each) => existsSync(join(ROOT, each))))
        cpSync(join(ROOT, path), join(source, path), {
          recursive: true,
          filter: (from) => from === join(ROOT, path) || sent(from.slice(ROOT.length + 1)),
        });
    const [install, ...steps] = all(stage('build'), 'RUN');
    assert.equal(install, 'npm ci');
    symlinkSync(join(ROOT, 'node_modules'), join(source, 'node_modules'));
    for (const step of steps)
      execFileSync('sh', ['-ec', step.replaceAll(/(?<=\s)\/(?=image|data)/g, `${folder}/`)], {
        cwd: source,
        stdio: 'pipe',
        timeout: 100_000,
      });
    rmSync(source, { recursive: true });
    // The base image has a Node of its own too, which anybody may run.
    node = join(folder, 'node');
    copyFileSync(process.execPath, node);
    execFileSync('chmod', ['-R', 'a+rX,a-w', folder]);
    if (unprivileged) chownSync(join(folder, 'data'), unprivileged.uid, unprivileged.gid);
    chmodSync(join(folder, 'data'), 0o700);
  });
  after(() => {
    execFileSync('chmod', ['-R', 'u+w', folder]);
    rmSync(folder, { recursive: true, force: true });
  });

  const run = (args: string[], env: Record<string, string> = {}) =>
    spawnSync(node, args, { cwd: image, env, encoding: 'utf8', timeout: 30_000, ...unprivileged });

  it('holds every function, with the maps of its sources, and no more packages than are needed', () => {
    const programs = new Set(globSync('dist/*/index.js', { cwd: image }).map((path) => path.split('/')[1]));
    assert.deepEqual(programs, new Set([...MANIFEST.map(({ name }) => name), 'migrate', 'start']));
    for (const path of globSync('dist/**/*.js', { cwd: image }))
      assert.ok(existsSync(join(image, `${path}.map`)), `${path} has no map`);
    const packages = new Set(
      globSync('node_modules/{*,@*/*}/package.json', { cwd: image }).map((path) =>
        path.split('/').slice(1, -1).join('/'),
      ),
    );
    for (const name of ['npm', 'typescript', 'esbuild', '@google-cloud/firestore', 'googleapis'])
      assert.ok(!packages.has(name), name);
  });

  it('finds there, and nowhere else, each package that a bundle left outside', () => {
    const outside = new Set(
      globSync('dist/*/package.json', { cwd: image }).flatMap((path) => {
        const made = JSON.parse(readFileSync(join(image, path), 'utf8')) as { dependencies: object };
        return Object.keys(made.dependencies);
      }),
    );
    // Loads a bundle where the platform has the folder alone; the image starts them by themselves.
    outside.delete('@google-cloud/functions-framework');
    assert.ok(outside.has('sharp') && outside.has('libpg-query'));
    for (const name of outside) {
      const load = `await import('${name}'); console.log(import.meta.resolve('${name}'))`;
      // As the bundles are modules two folders below.
      const { status, stdout, stderr } = run(['--input-type=module', '-e', load]);
      assert.equal(status, 0, stderr);
      assert.ok(stdout.startsWith(`file://${image}/node_modules/`), stdout);
    }
  });

  for (const { name } of MANIFEST)
    it(`answers as ${name}, by a user who may write nothing`, async () => {
      await using served = await startHawker({
        script: `dist/${name}/index.js`,
        data: join(folder, 'nothing-to-write'),
        spawn: { command: node, cwd: image, ...unprivileged },
        env: {
          HAWKER_STORE: 'firestore',
          HAWKER_QUEUE: 'pubsub',
          GOOGLE_CLOUD_PROJECT: 'some-project',
          // Nothing listens there, and nothing is needed of it to say no.
          FIRESTORE_EMULATOR_HOST: '127.0.0.1:9',
          PUBSUB_EMULATOR_HOST: '127.0.0.1:9',
        },
      });
      const { status } = await served.ask('/_healthz', { anonymous: true });
      assert.ok([200, 404, 405].includes(status), `${status}: ${served.output()}`);
      assert.equal(await served.stop(), 0, served.output());
    });

  it('runs everything in one process, with its data in the volume', async () => {
    await using served = await startHawker({
      script: (JSON.parse(all(stage('single'), 'CMD')[0] ?? '') as string[])[0] ?? '',
      data: join(folder, 'data'),
      spawn: { command: node, cwd: image, ...unprivileged },
    });
    assert.equal((await served.ask('/healthz', { anonymous: true })).status, 200);
    assert.match((await served.ask('/bus/stops/99999', { anonymous: true })).text, /Demo Mkt/);
    assert.ok(existsSync(join(folder, 'data/hawker.db')));
    assert.equal(await served.stop(), 0, served.output());
  });

  it('migrates a database, as a job does', () => {
    const migrate = (...args: string[]) =>
      run(['dist/migrate/index.js', ...args], { HAWKER_DATA: join(folder, 'data') });
    const up = migrate('up', '--target', 'sample');
    assert.equal(up.status, 0, up.stderr);
    assert.equal(migrate('status', '--target', 'sample').status, 0);
  });
});
