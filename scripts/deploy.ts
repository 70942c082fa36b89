/**
 * `npm run deploy -- <command> ...`: makes in Google Cloud what functions/manifest.ts implies, by gcloud, and tells it first.
 *
 * Exit codes: 0; 1 where something failed; 2 where it was called wrongly; 3 where `diff` finds a difference; 130 where it was stopped between two commands.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { MANIFEST } from '#functions/manifest.ts';
import { oneLine, say, sayJson } from './command/print.ts';
import { runCommand } from './command/run-command.ts';
import { HelpWanted, UsageError } from './command/usage.ts';
import { apply, type Carrying, destroy, type Outcome } from './deploy/apply.ts';
import { readFacts } from './deploy/facts.ts';
import { realGcloud, Stopped } from './deploy/gcloud.ts';
import { look } from './deploy/look.ts';
import type { DeployOptions } from './deploy/options.ts';
import { planOf } from './deploy/plan.ts';
import { readTyped, type Typed } from './deploy/read-options.ts';
import { jsonOf, showDrift, showPlan } from './deploy/show.ts';

const HELP = `usage: npm run deploy -- <command> --project <id> --region <region> ...

  plan       what would be there, why, and what it costs; asks nothing of Google (--check: says what is there already)
  diff       what differs from the plan; exit code 3 where anything does
  apply      makes and mends it; a dry run until --yes
  destroy    removes it, but for data and what is shared; a dry run until --yes
  manifests  the same bundle for Kubernetes or Knative
  explain    who may call a function, what it may touch, and why

  --project, --region   where; or "project" and "region" in hawker.deploy.json
  --only a,b            these functions, and what they need
  --tag v1              the image's tag or digest; without it latest is made, and what runs is left running
  --host go.example.com branded domains for redirects, any number; --load-balancer puts one in front, which tells the visitor's country
  --commands            plan: with the commands of gcloud
  --with-data=<id>      destroy: the database, the bucket and the secrets too; takes the project's name
  --json                for programs: npm run -s deploy -- plan --json
  --yes, --dry-run      do it, or only tell it

hawker.deploy.json: project, region, repository, bucket, hosts, loadBalancer, vpc {network, subnet}, databases (path of the file of HAWKER_DATABASES),
settings {function or *: {NAME: value}}, instances {function: {min, max}}. Secrets are given as variables of their settings' names.`;

/** Commands that are somebody else's file. */
const ELSEWHERE: Record<string, () => Promise<{ run(args: string[]): Promise<number> }>> = {
  manifests: () => import('./deploy/manifests.ts'),
  explain: () => import('./deploy/explain.ts'),
};

const COMMANDS: Record<string, (typed: Typed) => Promise<number>> = { plan, diff, apply: carry, destroy: carryAway };

async function main([name, ...args]: string[]): Promise<number> {
  const names = [...Object.keys(COMMANDS), ...Object.keys(ELSEWHERE)].join(', ');
  if (name === '--help' || name === '-h') throw new HelpWanted(HELP);
  if (name === undefined) throw new UsageError(`name a command: ${names}`);
  if (Object.hasOwn(ELSEWHERE, name)) return (await ELSEWHERE[name]?.())?.run(args) ?? 1;
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) throw new UsageError(`there is no command ${oneLine(name)}; there are ${names}`);
  const typed = readTyped(args, HELP);
  const [extra] = typed.positionals;
  if (extra !== undefined) throw new UsageError(`what is ${JSON.stringify(extra)} for? functions are named by --only`);
  return command(typed);
}

const planned = (options: DeployOptions) => planOf(MANIFEST, options, process.env);

async function plan({ options, json, check, commands }: Typed): Promise<number> {
  const run = realGcloud();
  const known = check ? await readFacts(options, run) : options;
  const resources = planned(known);
  const seen = check ? await look(resources, run) : undefined;
  if (json) sayJson(jsonOf(resources, seen));
  else {
    showPlan(resources, known, commands);
    if (seen) {
      say(`${seen.filter(({ state }) => state === 'same').length} of ${seen.length} are there as wanted.`);
      showDrift(seen);
    }
  }
  return 0;
}

async function diff({ options, json }: Typed): Promise<number> {
  const run = realGcloud();
  const resources = planned(await readFacts(options, run));
  const seen = await look(resources, run);
  const differing = seen.filter(({ state }) => state !== 'same');
  if (json)
    sayJson(
      jsonOf(
        differing.map(({ resource }) => resource),
        differing,
      ),
    );
  else {
    showDrift(seen);
    say(
      differing.length === 0
        ? `All ${seen.length} things are as the plan wants them.`
        : `${differing.length} of ${seen.length} differ.`,
    );
  }
  return differing.length === 0 ? 0 : 3;
}

async function carry(typed: Typed): Promise<number> {
  const carrying = carryingOf(typed);
  let options = await readFacts(typed.options, carrying.run);
  const done: Outcome[] = [];
  return endingWell(async () => {
    if (options.loadBalancer && options.address === undefined && typed.yes) {
      // What is told of the load balancer's address has to wait for it.
      const early = planned(options).filter(
        ({ kind, id }) => kind === 'address' || id === 'api/compute.googleapis.com',
      );
      done.push(await apply(early, carrying));
      options = await readFacts(options, carrying.run);
    }
    const resources = planned(options);
    done.push(await apply(resources, carrying));
    const sum = (of: 'created' | 'updated') => done.reduce((total, outcome) => total + outcome[of], 0);
    const left = done.flatMap((outcome) => outcome.left);
    showDrift(left);
    finish(typed, {
      created: sum('created'),
      updated: sum('updated'),
      unchangeable: left.length,
      of: resources.length,
    });
    return left.length === 0 ? 0 : 1;
  });
}

async function carryAway(typed: Typed): Promise<number> {
  const carrying = carryingOf(typed);
  const options = await readFacts(typed.options, carrying.run);
  const { only } = options;
  const named = planned(options);
  // A load balancer costs every month, and may have been asked for on another command line.
  const balancer = planned({ ...options, loadBalancer: true }).filter(({ id }) => !named.some((one) => one.id === id));
  // What others share with them stays for those.
  const resources = [...named, ...balancer].filter(
    ({ of }) => only.length === 0 || (of.length > 0 && of.every((name) => only.includes(name))),
  );
  return endingWell(async () => {
    const { removed, left } = await destroy(resources, { ...carrying, withData: typed.withData });
    if (!typed.json)
      for (const { resource } of left) say(`kept ${resource.id}: ${resource.keeps ?? 'it cannot be removed'}`);
    finish(typed, { removed, kept: left.length });
    return 0;
  });
}

function finish({ yes, json, options }: Typed, counts: Record<string, number>): void {
  const told = Object.entries(counts).map(([name, count]) => `${count} ${name}`);
  if (json) sayJson({ ...counts, dryRun: !yes });
  else
    say(
      `${told.join(', ')}${yes ? `, in ${options.project}` : '. That was a dry run: nothing was changed; --yes does it'}`,
    );
}

function carryingOf({ yes, json }: Typed): Carrying {
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.on(signal, () => {
      if (!stop.signal.aborted) process.stderr.write('deploy: stopping after the command under way\n');
      stop.abort();
    });
  return {
    run: realGcloud(),
    say: json ? (line) => process.stderr.write(`${line}\n`) : say,
    yes,
    stopped: () => stop.signal.aborted,
    sleep: (ms) => sleep(ms, undefined, { signal: stop.signal }).catch(() => {}),
    random: Math.random,
  };
}

async function endingWell(work: () => Promise<number>): Promise<number> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
    process.stderr.write(`deploy: ${error.message}\n`);
    return 130;
  }
}

await runCommand('deploy', async (args) => {
  const code = await main(args);
  // A plan is more than a pipe holds at once, and the process ends with what it had no room for.
  await new Promise<void>((resolve) => process.stdout.write('', () => resolve()));
  return code;
});
