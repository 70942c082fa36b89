import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HelpWanted, UsageError } from '../command/usage.ts';
import { checkFile, readTyped } from './read-options.ts';

const PLACE = ['--project', 'demo-1', '--region', 'asia-southeast1'];
const refused = (args: readonly string[]) => {
  try {
    readTyped(args, '');
  } catch (error) {
    assert.ok(error instanceof UsageError, String(error));
    return error.message;
  }
  return assert.fail(`${args.join(' ')} was taken`);
};

describe('the command line', () => {
  it('takes what it says', () => {
    const { options, yes, json } = readTyped(
      [...PLACE, '--only', 'clicks,links', '--only=bus', '--host', 'go.example.com', '--tag', 'v1'],
      '',
    );
    assert.deepEqual(options.only, ['clicks', 'links', 'bus']);
    assert.deepEqual(options.hosts, ['go.example.com']);
    assert.deepEqual([options.tag, options.bucket, yes, json], ['v1', 'demo-1-hawker-blobs', false, false]);
    assert.throws(() => readTyped(['--help'], 'how'), HelpWanted);
  });

  it('names the flag that is wrong and what to write', () => {
    assert.match(refused([]), /^--project is missing/);
    assert.match(refused(['--project', 'demo-1']), /^--region is missing/);
    assert.match(refused(['--project', 'Demo', '--region', 'asia-southeast1']), /^--project must be/);
    assert.match(refused(['--project', 'demo-1', '--region', 'nowhere']), /^--region must be/);
    assert.match(
      refused([...PLACE, '--only', 'clikcs']),
      /^--only: there is no function "clikcs"; there are redirects/,
    );
    assert.match(refused([...PLACE, '--tag', 'a b']), /^--tag/);
    assert.match(refused([...PLACE, '--host', 'HTTP://x']), /^--host/);
    assert.match(refused([...PLACE, '--load-balancer']), /--host/);
    assert.match(
      refused(['--project', 'demo-1', '--region', 'asia-south1', '--host', 'a.example.com']),
      /--load-balancer/,
    );
    assert.match(refused([...PLACE, '--yes', '--dry-run']), /contradict/);
    assert.match(refused([...PLACE, '--with-data=other-1']), /--with-data=demo-1/);
    assert.match(refused([...PLACE, '--yse']), /--yse/);
  });
});

describe('the file', () => {
  const told = (given: unknown) => {
    try {
      checkFile(given);
    } catch (error) {
      assert.ok(error instanceof UsageError, String(error));
      return error.message;
    }
    return '';
  };

  it('is refused with the field that is wrong', () => {
    assert.equal(
      told({ settings: { bus: { HAWKER_SG_HOLIDAYS: '2027-10-28' } }, instances: { redirects: { min: 1 } } }),
      '',
    );
    assert.match(told({ projct: 'x' }), /projct/);
    assert.match(told({ hosts: ['a b'] }), /hosts\.0/);
    assert.match(told({ databases: '../secrets.json' }), /databases/);
    assert.match(told({ settings: { nobody: {} } }), /settings: there is no function "nobody"/);
    assert.match(told({ settings: { bus: { HAWKER_NOTHING: '1' } } }), /there is no setting HAWKER_NOTHING/);
    assert.match(
      told({ settings: { clicks: { HAWKER_SG_HOLIDAYS: '2027-10-28' } } }),
      /not among the settings of its row/,
    );
    assert.match(told({ settings: { bus: { HAWKER_SG_HOLIDAYS: 'soon' } } }), /HAWKER_SG_HOLIDAYS must be/);
    assert.match(told({ instances: { bus: { min: 3, max: 2 } } }), /instances\.bus/);
  });

  it('takes no secret, and does not repeat one', () => {
    const message = told({ settings: { '*': { HAWKER_ADMIN_KEY: 'a-key-that-nobody-may-see' } } });
    assert.match(message, /HAWKER_ADMIN_KEY is a secret/);
    assert.doesNotMatch(message, /nobody-may-see/);
  });
});
