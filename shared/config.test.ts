import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConfigError, loadConfig, SETTINGS, unknownSettings } from './config.ts';

const problemsOf = (env: Record<string, string>): string => {
  try {
    loadConfig(env);
  } catch (error) {
    assert.ok(error instanceof ConfigError);
    return error.message;
  }
  throw new assert.AssertionError({ message: `accepted ${JSON.stringify(env)}` });
};

describe('loadConfig', () => {
  it('needs nothing to run on one machine', () => {
    const config = loadConfig({});
    assert.equal(config.PORT, 8080);
    assert.equal(config.HAWKER_DATA, '.data');
    assert.equal(config.HAWKER_STORE, 'sqlite');
    assert.equal(config.HAWKER_QUEUE, 'embedded');
    assert.deepEqual(config.HAWKER_TRUSTED_PROXIES, []);
    assert.equal(config.HAWKER_ADMIN_KEY, undefined);
    assert.equal(config.cloudRun, false);
  });

  it('takes an empty or blank setting as not set', () => {
    const config = loadConfig({ PORT: '', HAWKER_STORE: '  ', HAWKER_BASE_PATH: '' });
    assert.equal(config.PORT, 8080);
    assert.equal(config.HAWKER_STORE, 'sqlite');
    assert.equal(config.HAWKER_BASE_PATH, undefined);
  });

  it('tells all problems in one line, each by name, rule and what was given', () => {
    const message = problemsOf({ PORT: 'eighty', HAWKER_STORE: 'mysql', HAWKER_BASE_PATH: 'hawker/' });
    assert.match(message, /PORT must be a whole number from 0 to 65535 \(got "eighty"\)/);
    assert.match(message, /HAWKER_STORE must be sqlite or firestore \(got "mysql"\)/);
    assert.match(message, /HAWKER_BASE_PATH must be a path .* \(got "hawker\/"\)/);
    assert.doesNotMatch(message, /\n/);
  });

  it('never repeats the value of a secret', () => {
    const message = problemsOf({ HAWKER_ADMIN_KEY: 'short-secret' });
    assert.match(message, /HAWKER_ADMIN_KEY must be/);
    assert.doesNotMatch(message, /short-secret/);
  });

  it('never repeats a password that is part of an address', () => {
    assert.throws(
      () => loadConfig({ LTA_BASE_URL: 'https://me:letmein@lta.example/api' }),
      (error: Error) => {
        return /LTA_BASE_URL must be an https address/.test(error.message) && !error.message.includes('letmein');
      },
    );
  });

  it('refuses numbers that are not plain whole numbers in range', () => {
    for (const port of ['-1', '65536', '1e3', '0x50', '80.5', '80 81'])
      assert.match(problemsOf({ PORT: port }), /PORT/);
    assert.equal(loadConfig({ PORT: '0' }).PORT, 0);
    assert.equal(loadConfig({ PORT: ' 65535 ' }).PORT, 65_535);
  });

  it('splits lists at commas, forgives spaces and checks each item', () => {
    const config = loadConfig({ HAWKER_TRUSTED_PROXIES: '10.0.0.0/8, 2001:db8::1,,192.0.2.7 ' });
    assert.deepEqual(config.HAWKER_TRUSTED_PROXIES, ['10.0.0.0/8', '2001:db8::1', '192.0.2.7']);
    assert.match(problemsOf({ HAWKER_TRUSTED_PROXIES: '10.0.0.0/8,proxy.example' }), /HAWKER_TRUSTED_PROXIES/);
    assert.match(problemsOf({ HAWKER_CONSOLE_HOSTS: 'console.example:8080' }), /without a port/);
  });

  it('takes of holidays only days that there are, and of calls enough to fetch the lists', () => {
    assert.deepEqual(loadConfig({ HAWKER_SG_HOLIDAYS: '2028-02-29, -2026-12-25' }).HAWKER_SG_HOLIDAYS.length, 2);
    for (const day of ['2026-02-31', '2027-02-29', '2026-13-01', '2026-1-1', '--2026-01-01', 'tomorrow'])
      assert.match(problemsOf({ HAWKER_SG_HOLIDAYS: day }), /HAWKER_SG_HOLIDAYS must be .* dates/, day);
    assert.match(problemsOf({ LTA_CALLS_PER_MINUTE: '11' }), /LTA_CALLS_PER_MINUTE must be .* from 12 to 6000/);
  });

  it('names the cloud setting that is missing and what asks for it', () => {
    assert.match(
      problemsOf({ HAWKER_STORE: 'firestore', HAWKER_QUEUE: 'pubsub' }),
      /GOOGLE_CLOUD_PROJECT is needed with HAWKER_STORE=firestore and HAWKER_QUEUE=pubsub/,
    );
    assert.equal(
      loadConfig({ HAWKER_STORE: 'firestore', GOOGLE_CLOUD_PROJECT: 'my-project' }).HAWKER_STORE,
      'firestore',
    );
  });

  it('refuses half of a pair', () => {
    assert.match(problemsOf({ HAWKER_PUSH_AUDIENCE: 'https://clicks.example' }), /HAWKER_PUSH_EMAIL/);
    assert.match(problemsOf({ HAWKER_ADMIN_EMAILS: 'ops@example.com' }), /HAWKER_ADMIN_AUDIENCE/);
  });

  it('knows Cloud Run by the variable the platform sets', () => {
    assert.equal(loadConfig({ K_SERVICE: 'redirects' }).cloudRun, true);
  });
});

describe('settings as data', () => {
  it('finds names that look like ours and are none', () => {
    assert.deepEqual(unknownSettings({ HAWKER_DTAA: 'x', HAWKER_DATA: 'y', PATH: 'z' }), ['HAWKER_DTAA']);
  });

  it('describes every setting in one line', () => {
    for (const [name, setting] of Object.entries(SETTINGS)) {
      assert.match(name, /^[A-Z][A-Z0-9_]*$/);
      assert.match(setting.about, /^\S[^\n]*\S$/, name);
    }
  });
});
