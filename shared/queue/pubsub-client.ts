/** The one place that loads Pub/Sub's library; reached by `await import()`, since that costs a quarter of a second. */
import { Duration, PubSub, v1 } from '@google-cloud/pubsub';
import type { Config } from '../config.ts';

export interface PubsubClient {
  pubsub: PubSub;
  /** For what the streaming client cannot do: pulling a few messages once. */
  subscriber(): Promise<v1.SubscriberClient>;
  /** The library's own kind of duration. */
  duration(ms: number): Duration;
}

export type PubsubConfig = Pick<Config, 'GOOGLE_CLOUD_PROJECT' | 'PUBSUB_EMULATOR_HOST'>;

export function createPubsubClient(config: PubsubConfig): PubsubClient {
  const { GOOGLE_CLOUD_PROJECT: projectId, PUBSUB_EMULATOR_HOST: apiEndpoint } = config;
  const pubsub = new PubSub({
    ...(projectId && { projectId }),
    // Without a universe the library looks for credentials, which nobody needs here.
    ...(apiEndpoint && { apiEndpoint, emulatorMode: true, clientOptions: { universeDomain: 'googleapis.com' } }),
  });
  return {
    pubsub,
    subscriber: async () =>
      new v1.SubscriberClient((await pubsub.getClientConfig()) as ConstructorParameters<typeof v1.SubscriberClient>[0]),
    duration: (ms) => Duration.from({ milliseconds: ms }),
  };
}
