/**
 * `node scripts/release.ts changed|candidate|traffic`: the steps of cloudbuild.yaml that speak to Google Cloud. Between them `.release/` of the working folder keeps what they found.
 *
 *   changed              which functions run other code than was built in .release/image/dist
 *   candidate <function> a revision of it without traffic, and whether that answers; nothing where it has not changed
 *   traffic              the traffic of all that changed, or back to what had it
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MANIFEST } from '#functions/manifest.ts';
import { runCommand } from './command/run-command.ts';
import { HelpWanted, parseTyped, UsageError } from './command/usage.ts';
import { realGcloud } from './deploy/gcloud.ts';
import { type Change, hashesIn } from './release/changed.ts';
import { checkByHttp, findChanged, moveTraffic, type Release, tryCandidate } from './release/steps.ts';

const USAGE = `usage: node scripts/release.ts changed|candidate <function>|traffic --project <id> --region <region> [--build <id>]`;
const KEPT = '.release';
const CHANGED = join(KEPT, 'changed.json');
/** What every function gets beside its bundle. */
const SHARED = ['Dockerfile', 'package-lock.json'];

async function main(args: string[]): Promise<number> {
  const { values, positionals } = parseTyped(args, {
    project: { type: 'string' },
    region: { type: 'string' },
    build: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  });
  if (values.help) throw new HelpWanted(USAGE);
  const { project, region, build = `${Date.now()}` } = values;
  const [step, name, ...more] = positionals;
  if (!project || !region || more.length > 0) throw new UsageError(USAGE);
  let stopped = false;
  process.once('SIGTERM', () => {
    stopped = true;
  });
  const release: Release = {
    place: { project, region },
    run: realGcloud(),
    patience: {
      sleep: (ms) =>
        new Promise((resolve) => {
          setTimeout(resolve, ms);
        }),
      random: Math.random,
      stopped: () => stopped,
    },
    check: checkByHttp,
    say: (line) => process.stdout.write(`${line}\n`),
  };
  if (step === 'changed' && name === undefined) {
    const hashes = hashesIn((each) => join(KEPT, 'image/dist', each), MANIFEST, SHARED, 'databases');
    const { changed } = await findChanged(release, hashes);
    mkdirSync(KEPT, { recursive: true });
    writeFileSync(CHANGED, JSON.stringify(changed));
    return 0;
  }
  const changes = JSON.parse(readFileSync(CHANGED, 'utf8')) as Record<string, Change>;
  const image = readFileSync(join(KEPT, 'image-name'), 'utf8').trim();
  if (step === 'candidate' && MANIFEST.some((row) => row.name === name) && name !== undefined) {
    const change = changes[name];
    if (change) await tryCandidate(release, name, change, image, build);
    else release.say(`${name}: as before`);
    return 0;
  }
  if (step !== 'traffic' || name !== undefined) throw new UsageError(USAGE);
  await moveTraffic(release, changes, image);
  return 0;
}

await runCommand('release', main);
