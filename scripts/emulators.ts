/**
 * The emulators that tests talk to: those the environment names, else started from the Google Cloud SDK on free loopback ports.
 *
 * Each one gets a process group of its own: its start script leaves Java as a child, and a Ctrl-C in the terminal must not end it
 * before the tests that use it. The groups are killed by `stop`, and when this process exits for whatever reason.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { answers, freePort } from './loopback.ts';

/** Something tests could use and this machine does not have. */
export interface Missing {
  what: string;
  why: string;
  remedy: string;
}

export interface Emulators {
  /** What to add to the environment of the tests. */
  env: Record<string, string>;
  missing: Missing[];
  /** Kills what was started here. */
  stop(): void;
}

interface Spec {
  what: string;
  variable: string;
  script: string;
  args: string[];
  /** Its names as a Debian package (behind `google-cloud-cli-`) and as a component of the SDK. */
  package: string;
  component: string;
}

const SPECS: Spec[] = [
  {
    what: 'the Firestore emulator',
    variable: 'FIRESTORE_EMULATOR_HOST',
    script: 'platform/cloud-firestore-emulator/cloud_firestore_emulator',
    args: ['start'],
    package: 'firestore-emulator',
    component: 'cloud-firestore-emulator',
  },
  {
    what: 'the Pub/Sub emulator',
    variable: 'PUBSUB_EMULATOR_HOST',
    script: 'platform/pubsub-emulator/bin/cloud-pubsub-emulator',
    args: [],
    package: 'pubsub-emulator',
    component: 'pubsub-emulator',
  },
];

const START_MS = 60_000;
const run = promisify(execFile);

/** All emulators, or those of these variables alone. Throws where the environment names one that does not answer. */
export async function startEmulators(
  environment: NodeJS.ProcessEnv = process.env,
  variables: readonly string[] = SPECS.map(({ variable }) => variable),
): Promise<Emulators> {
  const env: Record<string, string> = {};
  const missing: Missing[] = [];
  const started: ChildProcess[] = [];
  const stop = () => {
    for (const child of started.splice(0)) killGroup(child);
  };
  process.once('exit', stop);

  const wanted: Spec[] = [];
  for (const spec of SPECS.filter(({ variable }) => variables.includes(variable))) {
    const address = environment[spec.variable];
    if (!address) wanted.push(spec);
    else if (!(await answers(`http://${address}/`, 5_000)))
      throw new Error(`${spec.variable} is ${address}, but nothing answers there`);
  }
  const sdk = wanted.length > 0 ? await sdkRoot(environment) : undefined;
  await Promise.all(
    wanted.map(async (spec) => {
      const result = await acquire(spec, sdk, (child) => started.push(child));
      if ('address' in result) env[spec.variable] = result.address;
      else missing.push({ what: spec.what, ...result });
    }),
  );
  return { env, missing, stop };
}

type Result = { address: string } | { why: string; remedy: string };

async function acquire(spec: Spec, sdk: string | undefined, onStart: (child: ChildProcess) => void): Promise<Result> {
  if (!sdk)
    return {
      why: 'there is no Google Cloud SDK: `gcloud` is not on the PATH',
      remedy: `install the Google Cloud SDK with its ${spec.package}, or set ${spec.variable}=host:port`,
    };
  const script = join(sdk, spec.script);
  if (!existsSync(script))
    return {
      why: `the Google Cloud SDK in ${sdk} does not have it`,
      remedy: `apt-get install google-cloud-cli-${spec.package}, or gcloud components install ${spec.component}`,
    };
  if (!(await hasJava()))
    return { why: 'it needs Java, and `java` does not run', remedy: 'apt-get install default-jre-headless' };
  const result = await start(script, spec.args, onStart);
  if ('address' in result) return result;
  return {
    why: `it did not start: ${result.problem}`,
    remedy: `start it by hand and set ${spec.variable}=host:port`,
  };
}

async function start(
  script: string,
  args: string[],
  onStart: (child: ChildProcess) => void,
): Promise<{ address: string } | { problem: string }> {
  const address = `127.0.0.1:${await freePort()}`;
  const [host, port] = address.split(':');
  const child = spawn(script, [...args, `--host=${host}`, `--port=${port}`], { detached: true });
  onStart(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      output = `${output}${chunk}`.slice(-2_000);
    });
  const ended = new AbortController();
  child.once('exit', () => ended.abort()).once('error', () => ended.abort());
  if (await answers(`http://${address}/`, START_MS, ended.signal)) return { address };
  return { problem: output.trim().split('\n').at(-1) || 'it does not answer' };
}

async function sdkRoot(environment: NodeJS.ProcessEnv): Promise<string | undefined> {
  try {
    const args = ['info', '--format=value(installation.sdk_root)'];
    const { stdout } = await run('gcloud', args, { timeout: 60_000, env: environment });
    return stdout.trim() || undefined;
  } catch {
    return undefined;
  }
}

async function hasJava(): Promise<boolean> {
  return run('java', ['-version'], { timeout: 30_000 }).then(
    () => true,
    () => false,
  );
}

function killGroup(child: ChildProcess): void {
  child.stdout?.destroy();
  child.stderr?.destroy();
  try {
    if (child.pid) process.kill(-child.pid, 'SIGKILL');
  } catch {
    // The whole group has ended already.
  }
}
