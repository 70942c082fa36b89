/** Jobs of Cloud Scheduler: one for each schedule function. */
import { type FunctionRow, isScheduled } from '#shared/define.ts';
import { accountId } from './accounts.ts';
import { at, text } from './answer.ts';
import { command, emailOf, question, SCHEDULER, urlOf } from './names.ts';
import type { DeployOptions } from './options.ts';
import type { Resource } from './resource.ts';
import { apiId } from './services-enabled.ts';

export function schedules(rows: readonly FunctionRow[], options: DeployOptions): Resource[] {
  const location = { location: options.region };
  return rows.filter(isScheduled).map(({ name, trigger, timeout, retries }) => {
    const url = urlOf(name, options);
    const email = emailOf(SCHEDULER, options);
    const given = {
      ...location,
      schedule: trigger.cron,
      'time-zone': trigger.timeZone,
      uri: `${url}/`,
      'http-method': 'POST',
      'oidc-service-account-email': email,
      'oidc-token-audience': url,
      'attempt-deadline': `${timeout}s`,
      'max-retry-attempts': retries,
    };
    return {
      id: `schedule/${name}`,
      kind: 'schedule',
      about: `Calls ${name} at ${trigger.cron} (${trigger.timeZone}), ${timeout} s for each call`,
      of: [name],
      needs: [apiId('cloudscheduler'), accountId(SCHEDULER), `service/${name}`, `role/scheduler/run.invoker/${name}`],
      describe: question(options, ['scheduler', 'jobs', 'describe', name], location),
      wanted: {
        schedule: trigger.cron,
        timeZone: trigger.timeZone,
        uri: `${url}/`,
        method: 'POST',
        account: email,
        audience: url,
        attemptDeadline: `${timeout}s`,
        retries,
      },
      // Whether somebody has paused it is not compared: that is meant.
      read: (answer) => ({
        schedule: text(answer, 'schedule'),
        timeZone: text(answer, 'timeZone'),
        uri: text(answer, 'httpTarget', 'uri'),
        method: text(answer, 'httpTarget', 'httpMethod'),
        account: text(answer, 'httpTarget', 'oidcToken', 'serviceAccountEmail'),
        audience: text(answer, 'httpTarget', 'oidcToken', 'audience'),
        attemptDeadline: text(answer, 'attemptDeadline'),
        retries: at(answer, 'retryConfig', 'retryCount') ?? 0,
      }),
      create: [command(options, ['scheduler', 'jobs', 'create', 'http', name], given)],
      update: [command(options, ['scheduler', 'jobs', 'update', 'http', name], given)],
      remove: [command(options, ['scheduler', 'jobs', 'delete', name], location)],
      cost: 'US$0.10 a month beyond the first three of a billing account',
    };
  });
}
