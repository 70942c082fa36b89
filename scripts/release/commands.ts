/** What a release says to gcloud. Making a service, with its account and its rights, is the deployment's: this only ever changes which code one runs. */
import { command, JOB, question } from '../deploy/names.ts';
import type { Command } from '../deploy/resource.ts';

export interface ReleasePlace {
  project: string;
  region: string;
}

/** The tag of a revision that has no traffic yet, and has an address of its own for that. */
export const TAG = 'candidate';

export const listServices = (place: ReleasePlace): Command =>
  question(place, ['run', 'services', 'list'], { region: place.region });

export const describeService = (place: ReleasePlace, name: string): Command =>
  question(place, ['run', 'services', 'describe', name], { region: place.region });

/** It fails where the new revision does not become ready: its startup probe is asked though nobody else calls it. */
export const makeCandidate = (place: ReleasePlace, name: string, image: string, suffix: string): Command =>
  command(place, ['run', 'services', 'update', name], {
    region: place.region,
    image,
    args: `dist/${name}/index.js`,
    'no-traffic': true,
    tag: TAG,
    'revision-suffix': suffix,
  });

/** To the latest and not to this one by name: a service that is tied to a revision would not follow a later deployment. */
export const giveTraffic = (place: ReleasePlace, name: string): Command =>
  command(place, ['run', 'services', 'update-traffic', name], {
    region: place.region,
    'to-latest': true,
    'remove-tags': TAG,
  });

/** Back to what had the traffic before. `shares` in percent by revision. */
export const giveBack = (place: ReleasePlace, name: string, shares: Readonly<Record<string, number>>): Command =>
  command(place, ['run', 'services', 'update-traffic', name], {
    region: place.region,
    'to-revisions': Object.entries(shares)
      .map(([revision, percent]) => `${revision}=${percent}`)
      .join(','),
  });

export const listJobs = (place: ReleasePlace): Command =>
  question(place, ['run', 'jobs', 'list'], { region: place.region });

export const updateJob = (place: ReleasePlace, image: string): Command =>
  command(place, ['run', 'jobs', 'update', JOB], { region: place.region, image });
