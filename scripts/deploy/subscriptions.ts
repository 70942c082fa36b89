/** Push subscriptions, each with its own audience, and those that keep dead letters. */
import { type FunctionRow, subscriptionsOf } from '#shared/define.ts';
import { deadName } from '#shared/queue/pubsub-dead-letters.ts';
import { accountId } from './accounts.ts';
import { at, text } from './answer.ts';
import { command, emailOf, PUSH, question, urlOf } from './names.ts';
import type { DeployOptions } from './options.ts';
import type { Json, Resource } from './resource.ts';

/** Pub/Sub waits between two deliveries of an event that failed from this to that long. */
const BACK_OFF = { 'min-retry-delay': '10s', 'max-retry-delay': '600s' };
const WEEK = { 'message-retention-duration': '7d', 'expiration-period': 'never' };
const WEEK_S = '604800s';

export function subscriptions(rows: readonly FunctionRow[], options: DeployOptions): Resource[] {
  return subscriptionsOf(rows).flatMap(({ name, topic, ackDeadlineMs, maxAttempts }) => {
    const dead = deadName(name);
    const url = urlOf(name, options);
    const seconds = ackDeadlineMs / 1_000;
    const given = {
      'push-endpoint': url,
      'push-auth-service-account': emailOf(PUSH, options),
      'push-auth-token-audience': url,
      'ack-deadline': seconds,
      ...BACK_OFF,
      'dead-letter-topic': dead,
      'max-delivery-attempts': maxAttempts,
      ...WEEK,
    };
    return [
      made(
        dead,
        [name],
        dead,
        { ...WEEK, 'ack-deadline': 60 },
        `Keeps dead letters of ${name} for a week, for \`npm run queue -- dlq\``,
        { ackDeadlineSeconds: 60, messageRetentionDuration: WEEK_S, ttl: '' },
        [],
      ),
      made(
        name,
        [name],
        topic,
        { ...given, 'enable-message-ordering': true },
        `Pushes ${topic} to ${name}: ${seconds} s for each, ${maxAttempts} deliveries, then its dead letters`,
        {
          ackDeadlineSeconds: seconds,
          messageRetentionDuration: WEEK_S,
          ttl: '',
          endpoint: url,
          account: emailOf(PUSH, options),
          audience: url,
          minimumBackoff: '10s',
          maximumBackoff: '600s',
          deadLetterTopic: `projects/${options.project}/topics/${dead}`,
          maxDeliveryAttempts: maxAttempts,
        },
        [accountId(PUSH), `topic/${dead}`, `service/${name}`, `role/push/run.invoker/${name}`],
        given,
      ),
    ];
  });

  function made(
    name: string,
    of: readonly string[],
    topic: string,
    given: Parameters<typeof command>[2],
    about: string,
    wanted: Json,
    needs: readonly string[],
    mended = given,
  ): Resource {
    return {
      id: `subscription/${name}`,
      kind: 'subscription',
      about,
      of,
      needs: [`topic/${topic}`, ...needs],
      describe: question(options, ['pubsub', 'subscriptions', 'describe', name]),
      wanted,
      read: readSubscription,
      create: [
        command(options, ['pubsub', 'subscriptions', 'create', name], { topic, ...given, labels: 'app=hawker' }),
      ],
      update: [command(options, ['pubsub', 'subscriptions', 'update', name], mended)],
      remove: [command(options, ['pubsub', 'subscriptions', 'delete', name])],
      cost: '0 while idle',
    };
  }
}

function readSubscription(answer: Json): Json {
  return {
    ackDeadlineSeconds: at(answer, 'ackDeadlineSeconds'),
    messageRetentionDuration: text(answer, 'messageRetentionDuration'),
    // Without a limit the policy is there and empty.
    ttl: text(answer, 'expirationPolicy', 'ttl'),
    endpoint: text(answer, 'pushConfig', 'pushEndpoint'),
    account: text(answer, 'pushConfig', 'oidcToken', 'serviceAccountEmail'),
    audience: text(answer, 'pushConfig', 'oidcToken', 'audience'),
    minimumBackoff: text(answer, 'retryPolicy', 'minimumBackoff'),
    maximumBackoff: text(answer, 'retryPolicy', 'maximumBackoff'),
    deadLetterTopic: text(answer, 'deadLetterPolicy', 'deadLetterTopic'),
    maxDeliveryAttempts: at(answer, 'deadLetterPolicy', 'maxDeliveryAttempts'),
  };
}
