/** Where the image is kept, and the image, of which all functions are made. */
import { present, text } from './answer.ts';
import { BUILDER_ROLE } from './build-identity.ts';
import { BUILD, command, emailOf, question } from './names.ts';
import { type DeployOptions, imageOf } from './options.ts';
import type { Resource } from './resource.ts';
import { apiId } from './services-enabled.ts';

export const IMAGE = 'image/hawker';

export function registry(options: DeployOptions): Resource[] {
  const { repository, region } = options;
  const place = { location: region };
  const image = imageOf(options);
  return [
    {
      id: `repository/${repository}`,
      kind: 'repository',
      about: 'Keeps the image that all functions are started from',
      of: [],
      needs: [apiId('artifactregistry')],
      describe: question(options, ['artifacts', 'repositories', 'describe', repository], place),
      wanted: { format: 'DOCKER' },
      read: (answer) => ({ format: text(answer, 'format') }),
      create: [
        command(options, ['artifacts', 'repositories', 'create', repository], {
          ...place,
          'repository-format': 'docker',
          description: 'Images of Hawker',
        }),
      ],
      remove: [command(options, ['artifacts', 'repositories', 'delete', repository], place)],
      cost: 'US$0.10 a month per GiB beyond the first half',
    },
    {
      id: IMAGE,
      kind: 'image',
      about: `${image}, built from this folder where there is none yet`,
      of: [],
      needs: [`repository/${repository}`, apiId('cloudbuild'), BUILDER_ROLE],
      describe: question(options, ['artifacts', 'docker', 'images', 'describe', image]),
      wanted: null,
      read: present,
      create: [
        command(options, ['builds', 'submit', '.'], {
          ...{ tag: image, region, timeout: '30m' },
          'service-account': `projects/${options.project}/serviceAccounts/${emailOf(BUILD, options)}`,
          // Whoever names an account has to say where its log and its sources are kept.
          'default-buckets-behavior': 'regional-user-owned-bucket',
        }),
      ],
      keeps: 'it goes with its repository',
    },
  ];
}
