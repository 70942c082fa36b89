/**
 * `npm test [-- part-of-a-path ... --node-option ...]`: all tests, or those of the files whose path holds one of the parts.
 *
 * What tests need from the machine (emulators, a browser) is found or started here and handed to them by environment variables; they skip
 * where a variable is not set. What was missing is named at the end. With CI=true it is a failure: there nothing may be skipped unseen.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { glob, readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { delimiter, dirname, join, relative, resolve } from 'node:path';
import { type Emulators, type Missing, startEmulators } from './emulators.ts';
import { listens } from './loopback.ts';
import { DATABASES } from './test-servers.ts';

const ROOT = join(import.meta.dirname, '..');
const TEST_MS = 120_000;
const RUN_MS = 20 * 60_000;

const args = process.argv.slice(2);
const options = args.filter((arg) => arg.startsWith('-'));
const parts = args.filter((arg) => !arg.startsWith('-')).map((part) => relative(ROOT, resolve(part)));

let emulators: Emulators | undefined;
let runner: ChildProcess | undefined;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interrupt(signal));

const files: string[] = [];
for await (const file of glob('{functions,scripts,shared,test}/**/*.test.ts', { cwd: ROOT })) files.push(file);
const selected = files.filter((file) => parts.length === 0 || parts.some((part) => file.includes(part))).sort();
if (selected.length === 0) {
  console.error(`no test file's path holds ${parts.join(' or ')}`);
  process.exit(1);
}

// A few files picked by name should not wait for emulators that none of them speaks of.
const text = parts.length === 0 ? '' : (await Promise.all(selected.map((file) => readFile(join(ROOT, file))))).join();
const speakOf = (word: RegExp) => parts.length === 0 || word.test(text);

const missing: Missing[] = [];
const env: NodeJS.ProcessEnv = {
  ...process.env,
  // A test that spawns `node` gets this one, whatever the machine has.
  PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter),
};
if (speakOf(/chromium/i)) {
  const browser = process.env['CHROMIUM_PATH'] || '/usr/bin/chromium';
  if (existsSync(browser)) env['CHROMIUM_PATH'] = browser;
  else
    missing.push({
      what: 'Chromium',
      why: `there is none at ${browser}`,
      remedy: 'apt-get install chromium, or set CHROMIUM_PATH to a Chromium or Chrome',
    });
}
if (speakOf(/kubectl/i)) {
  const folders = (env['PATH'] ?? '').split(delimiter);
  const kubectl = process.env['KUBECTL_PATH'] || folders.map((path) => join(path, 'kubectl')).find(existsSync);
  if (kubectl && existsSync(kubectl)) env['KUBECTL_PATH'] = kubectl;
  else
    missing.push({
      what: 'kubectl',
      why: kubectl ? `there is none at ${kubectl}` : 'it is not on the PATH',
      remedy: 'apt-get install kubectl beside the Google Cloud SDK, or kubernetes-client; or set KUBECTL_PATH',
    });
}
if (speakOf(/GCLOUD_PATH/)) {
  const folders = (env['PATH'] ?? '').split(delimiter);
  const gcloud = process.env['GCLOUD_PATH'] || folders.map((path) => join(path, 'gcloud')).find(existsSync);
  if (gcloud && existsSync(gcloud)) env['GCLOUD_PATH'] = gcloud;
  else
    missing.push({
      what: 'gcloud',
      why: gcloud ? `there is none at ${gcloud}` : 'it is not on the PATH',
      remedy: 'install the Google Cloud SDK with its component beta, or set GCLOUD_PATH',
    });
}
if (speakOf(/promtool/)) {
  const folders = (env['PATH'] ?? '').split(delimiter);
  const lacking = ['promtool', 'prometheus'].filter((name) => !folders.some((path) => existsSync(join(path, name))));
  if (lacking.length > 0)
    missing.push({
      what: 'Prometheus',
      why: `${lacking.join(' and ')} is not on the PATH`,
      remedy: 'apt-get install prometheus',
    });
}
for (const { name, word, url, what, remedy } of DATABASES) {
  if (!speakOf(word)) continue;
  const given = process.env[name] || url;
  if (await listens(given)) env[name] = given;
  else missing.push({ what, why: `nothing listens at ${new URL(given).host}`, remedy: `${remedy}, or set ${name}` });
}
if (speakOf(/emulator/i)) {
  try {
    emulators = await startEmulators();
  } catch (error) {
    console.error((error as Error).message);
    process.exit(1);
  }
  Object.assign(env, emulators.env);
  missing.push(...emulators.missing);
}

const concurrency = `--test-concurrency=${availableParallelism()}`;
const fixed = ['--test', '--test-reporter=spec', concurrency, `--test-timeout=${TEST_MS}`];
runner = spawn(process.execPath, [...fixed, ...options, ...selected], { cwd: ROOT, env, stdio: 'inherit' });
// One test's time is bounded by node's runner, a file that never ends is not: on SIGTERM the runner names it.
const limit = setTimeout(() => runner?.kill('SIGTERM'), RUN_MS);
const [code] = (await once(runner, 'exit')) as [number | null];
clearTimeout(limit);
emulators?.stop();

const mustHaveAll = process.env['CI'] === 'true';
if (missing.length > 0) {
  console.log(
    `\nTests were skipped, since this machine lacks what they need${mustHaveAll ? '; with CI=true that fails' : ''}:`,
  );
  for (const { what, why, remedy } of missing) console.log(`- ${what}: ${why}. To get it: ${remedy}.`);
}
process.exitCode = (code ?? 1) || (missing.length > 0 && mustHaveAll ? 1 : 0);

/** A terminal's Ctrl-C reaches the runner by itself; a signal sent to this process alone is passed on. */
function interrupt(signal: NodeJS.Signals): void {
  if (runner === undefined || runner.exitCode !== null) process.exit(1);
  setTimeout(() => runner?.kill('SIGTERM'), signal === 'SIGINT' ? 2_000 : 0).unref();
  setTimeout(() => runner?.kill('SIGKILL'), 10_000).unref();
}
