/** The bucket of blobs: never public, and nothing of ours in it outlives three days, should the sweep be out of order. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FunctionRow } from '#shared/define.ts';
import { at, items, text } from './answer.ts';
import { command, question } from './names.ts';
import type { DeployOptions } from './options.ts';
import type { Json, Resource } from './resource.ts';
import { apiId } from './services-enabled.ts';

/** From the project's folder, in which gcloud runs. */
const LIFECYCLE_FILE = 'scripts/deploy/blobs-lifecycle.json';
const LIFECYCLE = JSON.parse(readFileSync(join(import.meta.dirname, 'blobs-lifecycle.json'), 'utf8')) as Json;

export function buckets(rows: readonly FunctionRow[], options: DeployOptions): Resource[] {
  const of = rows.filter(({ blobs }) => blobs !== 'none').map(({ name }) => name);
  if (of.length === 0) return [];
  const url = `gs://${options.bucket}`;
  const guarded = {
    'public-access-prevention': true,
    'uniform-bucket-level-access': true,
    'soft-delete-duration': '0',
  } as const;
  const mend = command(options, ['storage', 'buckets', 'update', url], {
    ...guarded,
    'lifecycle-file': LIFECYCLE_FILE,
  });
  return [
    {
      id: `bucket/${options.bucket}`,
      kind: 'bucket',
      about: `Images on their way to Google Slides and what undo needs, in ${url}/hawker/: never public, removed after three days at most`,
      of,
      needs: [apiId('storage')],
      describe: question(options, ['storage', 'buckets', 'describe', url], { raw: true }),
      wanted: {
        publicAccessPrevention: 'enforced',
        uniformAccess: true,
        softDeleteSeconds: '0',
        lifecycle: at(LIFECYCLE, 'rule'),
      },
      read: (answer) => ({
        publicAccessPrevention: text(answer, 'iamConfiguration', 'publicAccessPrevention'),
        uniformAccess: at(answer, 'iamConfiguration', 'uniformBucketLevelAccess', 'enabled'),
        softDeleteSeconds: text(answer, 'softDeletePolicy', 'retentionDurationSeconds') || '0',
        lifecycle: items(answer, 'lifecycle', 'rule'),
      }),
      create: [command(options, ['storage', 'buckets', 'create', url], { location: options.region, ...guarded }), mend],
      update: [mend],
      remove: [command(options, ['storage', 'rm', url], { recursive: true })],
      keeps: 'it holds the data',
      cost: 'US$0.02 a month per GiB kept',
    },
  ];
}
