import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type AppError, isAppError } from '../errors.ts';
import { crc32c as oracle } from '../testing/google/crc32c.ts';
import { createSecrets, type FakeSecrets, type SecretVersion } from '../testing/google/secrets.ts';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import { crc32c } from './crc32c.ts';
import { ample, skipping, startRig, told } from './rig.ts';

guardAgainstLeaks();

const NAME = 'projects/shop/secrets/db/versions/latest';
const URL_WITH_PASSWORD = 'postgres://mei:hunter2@db/shop';

async function start(version?: Partial<SecretVersion>) {
  let secrets: FakeSecrets | undefined;
  const rig = await startRig(process.env, {
    fake: {
      more: (tokens) => {
        secrets = createSecrets(tokens);
        return [secrets];
      },
    },
  });
  if (version) secrets?.versions.set(NAME, { data: Buffer.from(URL_WITH_PASSWORD), ...version });
  const refusal = async (): Promise<AppError> => {
    const { error } = await skipping(rig, rig.own.secrets.access(NAME, ample));
    assert.ok(isAppError(error), String(error));
    assert.doesNotMatch(told(error), /hunter2|ya29/);
    return error;
  };
  return { ...rig, refusal };
}

describe('a secret version', () => {
  it('is read by the own account, whole, and with a sum or without one', async () => {
    for (const data of [Buffer.from(URL_WITH_PASSWORD), Buffer.alloc(0), randomBytes(65_536)])
      for (const more of [{}, { sum: null }]) {
        await using rig = await start({ data, ...more });
        assert.deepEqual(Buffer.from(await rig.own.secrets.access(NAME, ample)), data);
        assert.deepEqual(rig.server.forbidden(), []);
      }
  });

  it('that is not there, or not for this account, is told with what is to be done', async () => {
    await using none = await start();
    assert.match(
      (await none.refusal()).message,
      /no such secret version projects\/shop\/secrets\/db\/versions\/latest/,
    );
    await using closed = await start({ readers: [] });
    const { code, message } = await closed.refusal();
    assert.equal(code, 'google_forbidden');
    assert.match(
      message,
      /hawker@demo-hawker\S+ may not use .*: grant it the role roles\/secretmanager.secretAccessor on projects\/shop\/secrets\/db$/,
    );
    await using off = await start({ disabled: true });
    assert.match((await off.refusal()).message, /DISABLED/);
    for (const name of [
      'projects/../secrets/a/versions/1',
      'projects/p/secrets/a',
      'projects/p/secrets/a/versions/1/x',
    ])
      await assert.rejects(off.own.secrets.access(name, ample), { code: 'not_found' });
  });

  it('that comes wrong, half, endless, too large or not at all is none', async () => {
    for (const more of [{ sum: '1' }, { data: randomBytes(65_537) }]) {
      await using rig = await start(more);
      assert.equal((await rig.refusal()).code, 'unavailable');
    }
    for (const kind of ['garbage', 'half', 'cut', 'lose', 'endless'] as const) {
      await using rig = await start({});
      rig.server.fail({ kind, path: /:access$/ });
      assert.match((await rig.refusal()).code, /^(?:unavailable|too_large)$/, kind);
    }
    await using rig = await start({});
    rig.server.fail({ kind: 'stall', path: /:access$/ });
    const late = new AbortController();
    const reading = rig.own.secrets.access(NAME, { signal: late.signal });
    reading.catch(() => {});
    await rig.server.arrived(/:access$/);
    late.abort();
    await assert.rejects(reading, { code: 'unavailable' });
  });

  it('has the sum that RFC 3720 tells, as the one of the fake has', () => {
    assert.equal(crc32c(Buffer.from('123456789')), 0xe3069283);
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => Buffer.from(oracle(bytes), 'base64').readUInt32BE() === crc32c(bytes)),
    );
  });
});
