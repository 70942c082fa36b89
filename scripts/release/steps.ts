/** The steps of a release: candidates without traffic, each checked; then the traffic of all; and back, where one does not answer under its own address. */

import { items, text } from '../deploy/answer.ts';
import { ask, carryOut, type Patience, type Run } from '../deploy/gcloud.ts';
import { JOB } from '../deploy/names.ts';
import type { Json } from '../deploy/resource.ts';
import { suffixOf } from './bundle-hash.ts';
import { type Change, type Compared, compare } from './changed.ts';
import {
  describeService,
  giveBack,
  giveTraffic,
  listJobs,
  listServices,
  makeCandidate,
  type ReleasePlace,
  updateJob,
} from './commands.ts';
import { readState, type ServiceState } from './service-state.ts';
import { smoke } from './smoke.ts';

export interface Release {
  place: ReleasePlace;
  run: Run;
  patience: Patience;
  /** Resolves when the function there answers; throws why not. */
  check(url: string, name: string): Promise<void>;
  say(line: string): void;
}

/** A release that cannot go on; what had the traffic before has it again, or still. */
class ReleaseFailed extends Error {
  override readonly name = 'ReleaseFailed';
}

export const checkByHttp: Release['check'] = (url, name) => smoke(url, { bare: name === 'redirects' });

export async function findChanged(
  { run, place, say }: Release,
  hashes: Readonly<Record<string, string>>,
): Promise<Compared> {
  const states = listed(await ask(run, listServices(place))).map(readState);
  const compared = compare(hashes, states);
  const { changed, unchanged, absent } = compared;
  say(`changed: ${Object.keys(changed).join(', ') || 'nothing'}; as before: ${unchanged.join(', ') || 'nothing'}`);
  if (absent.length > 0) say(`without a service, which \`npm run deploy -- apply\` makes: ${absent.join(', ')}`);
  return compared;
}

/** Throws ReleaseFailed where it does not start or does not answer; no request of anybody has reached it then. */
export async function tryCandidate(
  release: Release,
  name: string,
  change: Change,
  image: string,
  build: string,
): Promise<void> {
  const { run, place, patience, check, say } = release;
  await carryOut(run, makeCandidate(place, name, image, suffixOf(change.hash, build)), patience, undefined);
  const state = await stateOf(release, name);
  if (!state.open) return say(`${name}: its revision is ready; from here nobody may call it`);
  if (state.candidateUrl === '')
    throw new ReleaseFailed(`${name}: Cloud Run does not tell the address of its candidate`);
  await check(state.candidateUrl, name);
  say(`${name}: its candidate answers`);
}

/** Gives the traffic of all to their candidates, or of none: at the first that fails everything goes back to where it was. Throws ReleaseFailed. */
export async function moveTraffic(
  release: Release,
  changes: Readonly<Record<string, Change>>,
  image: string,
): Promise<void> {
  const { run, place, patience, check, say } = release;
  const moved: string[] = [];
  try {
    for (const name of Object.keys(changes)) {
      moved.push(name);
      await carryOut(run, giveTraffic(place, name), patience, undefined);
      const state = await stateOf(release, name);
      if (state.open) await check(state.url, name);
      say(`${name}: has its traffic`);
    }
    const jobs = listed(await ask(run, listJobs(place)));
    if (jobs.some((job) => text(job, 'metadata', 'name') === JOB))
      await carryOut(run, updateJob(place, image), patience, undefined);
  } catch (error) {
    const lost = await goBack(release, moved, changes);
    throw new ReleaseFailed(
      `${(error as Error).message}; ${lost.length === 0 ? 'all traffic is where it was' : `could not be put back, do it by hand: ${lost.join('; ')}`}`,
    );
  }
}

/** The last that was moved first. Answers what is left to do by hand. */
async function goBack(
  release: Release,
  moved: readonly string[],
  changes: Readonly<Record<string, Change>>,
): Promise<string[]> {
  const { run, place, patience, say } = release;
  const lost: string[] = [];
  for (const name of moved.toReversed()) {
    const former = changes[name]?.former ?? {};
    // Its first release: there is nothing to go back to.
    if (Object.keys(former).length === 0) continue;
    const command = giveBack(place, name, former);
    try {
      // Also for one who asked to stop: half of a release must not stay.
      await carryOut(run, command, { ...patience, stopped: () => false }, undefined);
      say(`${name}: back to ${Object.keys(former).join(', ')}`);
    } catch {
      lost.push(`gcloud ${command.args.join(' ')}`);
    }
  }
  return lost;
}

async function stateOf({ run, place }: Release, name: string): Promise<ServiceState> {
  const answer = await ask(run, describeService(place, name));
  if (answer === undefined) throw new ReleaseFailed(`${name} has no service any more`);
  return readState(answer);
}

const listed = (answer: Json | undefined): readonly Json[] => items({ all: answer ?? [] }, 'all');
