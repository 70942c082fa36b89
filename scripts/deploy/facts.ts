/** What only Google knows: the project's number, and the load balancer's address. */
import { text } from './answer.ts';
import { ADDRESS } from './domains.ts';
import { ask, GcloudFailed, type Run } from './gcloud.ts';
import { question } from './names.ts';
import type { DeployOptions } from './options.ts';

/** Throws GcloudFailed where there is no such project, or it may not be seen. */
export async function readFacts(options: DeployOptions, run: Run): Promise<DeployOptions> {
  const { project, loadBalancer } = options;
  const found = await ask(run, { args: ['projects', 'describe', project, '--format=json', '--quiet'] });
  const projectNumber = found === undefined ? '' : text(found, 'projectNumber');
  if (!/^\d+$/.test(projectNumber))
    throw new GcloudFailed(
      `there is no project ${project}, or the account that gcloud uses may not see it: \`gcloud projects create ${project}\`, or --project`,
    );
  if (!loadBalancer) return { ...options, projectNumber };
  const name = ADDRESS.split('/').at(-1) ?? '';
  const reserved = await ask(run, question(options, ['compute', 'addresses', 'describe', name], { global: true }));
  const address = reserved === undefined ? '' : text(reserved, 'address');
  return { ...options, projectNumber, ...(address && { address }) };
}
