/** The job for migrations that take longer than a request may: the command line of `npm run migrate`, run when somebody runs it. */
import type { FunctionRow } from '#shared/define.ts';
import { at, items, text } from './answer.ts';
import { connects } from './databases.ts';
import { command, emailOf, JOB, question } from './names.ts';
import { type DeployOptions, imageOf } from './options.ts';
import type { Resource } from './resource.ts';
import {
  environment,
  networkOf,
  readCpu,
  readEnvironment,
  readMemory,
  readNetwork,
  runNeeds,
  surroundings,
} from './run-flags.ts';
import { secretsOf, settingsOf } from './service-settings.ts';

/** Seconds: a day, which is what Cloud Run gives a task without further words. */
const TASK_S = 86_400;
const RETRIES = 3;
/** What a run of the job does when nothing else is said; `gcloud run jobs execute hawker-migrate --args=...` says it. */
const ARGS = ['dist/migrate/index.js', 'up'];

/** In whose name it runs: it does the same as that function, for longer. */
const RUNNER = 'migration-runs';

export function runJob(rows: readonly FunctionRow[], options: DeployOptions): Resource[] {
  const row = rows.find(({ name }) => name === RUNNER);
  // The sample is a file of the instance: there is nothing to migrate.
  if (!row || !options.databases || !connects(row)) return [];
  const region = { region: options.region };
  const { HAWKER_PUSH_AUDIENCE: _, HAWKER_PUSH_EMAIL: __, ...variables } = settingsOf(row, options);
  const secrets = secretsOf(row, options);
  const image = imageOf(options);
  const account = emailOf(RUNNER, options);
  const given = {
    ...region,
    args: ARGS.join(','),
    'service-account': account,
    memory: `${row.memory}Mi`,
    cpu: 1,
    tasks: 1,
    parallelism: 1,
    'task-timeout': `${TASK_S}s`,
    'max-retries': RETRIES,
    ...surroundings(variables, secrets, options.vpc),
  };
  return [
    {
      id: `job/${JOB}`,
      kind: 'job',
      about: `Migrations that take longer than ${RUNNER} may: up to 24 h, as ${RUNNER}, when somebody runs \`gcloud run jobs execute ${JOB}\``,
      of: [RUNNER],
      needs: runNeeds(row, options, secrets),
      describe: question(options, ['run', 'jobs', 'describe', JOB], region),
      wanted: {
        args: ARGS.join(' '),
        account,
        memory: row.memory,
        cpu: 1,
        timeout: TASK_S,
        retries: RETRIES,
        environment: environment(variables, secrets),
        network: networkOf(options.vpc),
        ...(options.tag !== undefined && { image }),
      },
      read: (answer) => {
        const execution = at(answer, 'spec', 'template');
        const task = at(execution, 'spec', 'template', 'spec');
        const container = at(task, 'containers', 0);
        const network = text(execution, 'metadata', 'annotations', 'run.googleapis.com/network-interfaces');
        return {
          args: items(container, 'args').join(' '),
          account: text(task, 'serviceAccountName'),
          memory: readMemory(container),
          cpu: readCpu(container),
          timeout: Number(text(task, 'timeoutSeconds')),
          retries: at(task, 'maxRetries'),
          environment: readEnvironment(container),
          network: readNetwork(network),
          image: text(container, 'image'),
        };
      },
      create: [command(options, ['run', 'jobs', 'create', JOB], { ...given, image, labels: 'app=hawker' })],
      update: [
        command(options, ['run', 'jobs', 'update', JOB], {
          ...given,
          ...(Object.keys(secrets).length === 0 && { 'clear-secrets': true }),
          ...(!options.vpc && { 'clear-network': true }),
          ...(options.tag !== undefined && { image }),
        }),
      ],
      remove: [command(options, ['run', 'jobs', 'delete', JOB], region)],
      cost: '0 until it is run',
    },
  ];
}
