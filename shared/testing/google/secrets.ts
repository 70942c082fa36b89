/** Secret Manager v1: versions of secrets, each with who may read it. */
import { answering, Refused, sendJson } from './answers.ts';
import { crc32c } from './crc32c.ts';
import type { FakePart } from './fake-google.ts';
import type { Tokens } from './tokens.ts';

export interface FakeSecrets extends FakePart {
  /** By their whole names, with `versions/latest` or a number. */
  readonly versions: Map<string, SecretVersion>;
}

export interface SecretVersion {
  data: Uint8Array;
  /** Anybody's where nothing is said. */
  readers?: readonly string[];
  /** What is told of the sum, where it is not the right one; null is nothing. */
  sum?: string | null;
  disabled?: boolean;
}

export function createSecrets(tokens: Tokens): FakeSecrets {
  const versions = new Map<string, SecretVersion>();
  return {
    versions,
    async handle(request, response, url) {
      const name = /^\/v1\/(projects\/[^/]+\/secrets\/[^/]+\/versions\/[^/]+):access$/.exec(url.pathname)?.[1];
      if (name === undefined || request.method !== 'GET') return false;
      await answering(response, 'api', () => {
        const { account } = tokens.require(request, ['cloud-platform']);
        const version = versions.get(name);
        if (version?.readers && !version.readers.includes(account))
          throw new Refused(
            403,
            `Permission 'secretmanager.versions.access' denied for resource '${name}' (or it may not exist).`,
          );
        if (!version) throw new Refused(404, `Secret [${name}] not found or has no versions.`);
        if (version.disabled) throw new Refused(400, `Secret Version [${name}] is in DISABLED state.`);
        const { data, sum = String(Buffer.from(crc32c(data), 'base64').readUInt32BE()) } = version;
        const payload = { data: Buffer.from(data).toString('base64'), ...(sum !== null && { dataCrc32c: sum }) };
        sendJson(response, 200, { name, payload });
      });
      return true;
    },
  };
}
