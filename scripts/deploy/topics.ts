/** Topics: those that functions publish to, and one for the dead letters of each subscription. */
import type { FunctionRow } from '#shared/define.ts';
import { deadName } from '#shared/queue/pubsub-dead-letters.ts';
import { present } from './answer.ts';
import { command, question } from './names.ts';
import type { DeployOptions } from './options.ts';
import type { Resource } from './resource.ts';
import { apiId } from './services-enabled.ts';

export function topics(rows: readonly FunctionRow[], options: DeployOptions): Resource[] {
  const topic = (name: string, of: readonly string[], about: string): Resource => ({
    id: `topic/${name}`,
    kind: 'topic',
    about,
    of,
    needs: [apiId('pubsub')],
    describe: question(options, ['pubsub', 'topics', 'describe', name]),
    wanted: null,
    read: present,
    create: [command(options, ['pubsub', 'topics', 'create', name], { labels: 'app=hawker' })],
    remove: [command(options, ['pubsub', 'topics', 'delete', name])],
    cost: '0 while idle',
  });
  const names = new Set(
    rows.flatMap(({ publishes, trigger }) => [...publishes, ...(trigger.type === 'message' ? [trigger.topic] : [])]),
  );
  return [
    ...[...names].sort().map((name) => {
      const from = rows.filter(({ publishes }) => publishes.includes(name)).map((row) => row.name);
      const to = rows
        .filter(({ trigger }) => trigger.type === 'message' && trigger.topic === name)
        .map((row) => row.name);
      const heard = to.length > 0 ? `to ${to.join(', ')}` : 'to whoever wants to hear of it';
      return topic(name, [...new Set([...from, ...to])], `Events from ${from.join(', ')} ${heard}`);
    }),
    ...rows
      .filter(({ trigger }) => trigger.type === 'message')
      .map(({ name }) => topic(deadName(name), [name], `What ${name} could not handle`)),
  ];
}
