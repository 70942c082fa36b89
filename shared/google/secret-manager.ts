/** What is used of Secret Manager. */
import type { CallOptions } from './google.ts';

export interface SecretManagerApi {
  /** The bytes of one version, at most 64 KiB, checked against the sum that is kept with them. `name` is `projects/p/secrets/s/versions/v`; nothing is kept of the answer. */
  access(name: string, options: CallOptions): Promise<Uint8Array>;
}
