/**
 * Who a pod is to its cluster: the files that the kubelet mounts into it and renews there, the token about once an hour.
 * https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../clock.ts';
import { ConfigError } from '../config.ts';
import { messageOf } from '../errors.ts';
import type { Log } from '../log.ts';

export interface ServiceAccount {
  readonly namespace: string;
  /** What signs the API server's certificate, PEM. */
  readonly ca: string;
  /** The token, read at most a minute ago. */
  token(): Promise<string>;
  /** Reads the token again before it is asked for next. */
  forgetToken(): void;
  /** Reads the CA again; answers whether it has become another. */
  rereadCa(): Promise<boolean>;
}

export const SERVICE_ACCOUNT_FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount';

const TOKEN_MS = 60_000;

/** Throws ConfigError where the files cannot be read. */
export async function openServiceAccount(
  folder: string,
  { clock, log }: { clock: Clock; log: Log },
): Promise<ServiceAccount> {
  const read = async (file: string) => {
    const text = (await readFile(join(folder, file), 'utf8')).trim();
    if (!text) throw new Error(`${join(folder, file)} is empty`);
    return text;
  };
  const [first, namespace, firstCa] = await Promise.all(['token', 'namespace', 'ca.crt'].map(read)).catch((cause) => {
    throw new ConfigError(
      `leases on Kubernetes need the pod's service account: ${messageOf(cause)}. Set automountServiceAccountToken, or HAWKER_LEASES=store`,
      { cause },
    );
  });
  let ca = firstCa as string;
  let token = first as string;
  let readAt = clock.mono();

  return {
    namespace: namespace as string,
    get ca() {
      return ca;
    },
    async token() {
      if (clock.mono() - readAt < TOKEN_MS) return token;
      try {
        token = await read('token');
        readAt = clock.mono();
      } catch (error) {
        // The one there was may be good for some time yet; each call tries again.
        log.warn('the service account token cannot be read again', { error });
      }
      return token;
    },
    forgetToken() {
      readAt = Number.NEGATIVE_INFINITY;
    },
    async rereadCa() {
      const before = ca;
      try {
        ca = await read('ca.crt');
      } catch (error) {
        log.warn("the cluster's CA cannot be read again", { error });
      }
      return ca !== before;
    },
  };
}
