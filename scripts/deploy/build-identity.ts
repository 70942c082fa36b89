/** What Cloud Build may do: build the image, and bring out revisions of the functions in their own accounts' names. It may change no right, and reaches no document, blob or secret but through what it brings out. */
import type { FunctionRow } from '#shared/define.ts';
import { accountId } from './accounts.ts';
import { binding } from './binding.ts';
import { BUILD, emailOf, memberOf } from './names.ts';
import type { DeployOptions } from './options.ts';
import type { Resource } from './resource.ts';
import { apiId } from './services-enabled.ts';

export const BUILDER_ROLE = `role/${BUILD}/cloudbuild.builds.builder`;

export function buildRoles(rows: readonly FunctionRow[], options: DeployOptions): Resource[] {
  const who = { who: BUILD, member: memberOf(BUILD, options) };
  const on = { kind: 'project', name: options.project } as const;
  const needs = [accountId(BUILD)];
  return [
    binding(
      {
        ...{ ...who, of: [], role: 'cloudbuild.builds.builder', on, needs: [...needs, apiId('cloudbuild')] },
        condition: {
          title: 'hawker-no-blobs',
          expression: `!resource.name.startsWith("projects/_/buckets/${options.bucket}")`,
        },
        about:
          'Cloud Build reads the sources that were sent to it, writes its log and pushes the image; the role is for all buckets and topics, so the bucket of blobs is taken out of it',
      },
      options,
    ),
    binding(
      {
        ...{ ...who, of: [], role: 'run.developer', on, needs: [...needs, apiId('run')] },
        about: 'Cloud Build brings out revisions and moves traffic; who may call a function it cannot change',
      },
      options,
    ),
    ...rows.map(({ name }) =>
      binding(
        {
          ...{ ...who, of: [name], role: 'iam.serviceAccountUser', needs: [...needs, accountId(name)] },
          on: { kind: 'account', name: emailOf(name, options) },
          suffix: name,
          about: `Cloud Build brings out ${name}, which runs in its own account's name`,
        },
        options,
      ),
    ),
  ];
}
