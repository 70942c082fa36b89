import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConfigError, loadConfig, SETTINGS, unheededSettings, unknownSettings } from './config.ts';

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

  it('never repeats a user, a password, a query or a fragment, whatever else is wrong with an address', () => {
    const addresses = Object.entries(SETTINGS).flatMap(([name, { read }]) => {
      try {
        read('none');
        return [];
      } catch (error) {
        return /http/.test((error as Error).message) ? [name] : [];
      }
    });
    assert.ok(addresses.includes('OTEL_EXPORTER_OTLP_ENDPOINT') && addresses.length >= 5, `${addresses}`);
    for (const name of addresses)
      for (const text of [
        'ftp://localhost:4318/x?token=QQTOK',
        'ftp://localhost:4318/x#QQTOK',
        'localhost:4318/?token=QQTOK',
        'ftp://somebody:with/QQTOK@localhost',
        'ftp://somebody:QQ@TOK@localhost',
        'ftp://QQTOK@localhost',
        'somebody:QQTOK@localhost:4318',
      ]) {
        const message = problemsOf({ [name]: text });
        assert.match(message, new RegExp(`${name} must be .*localhost`), text);
        assert.doesNotMatch(message, /TOK/, `${name}=${text}`);
      }
    for (const text of ['ftp://localhost/?to=me@QQTOK', 'localhost:1/?to=me@QQTOK', 'ftp://me:Q/QTOK?QTOK@localhost'])
      assert.doesNotMatch(problemsOf({ OTEL_EXPORTER_OTLP_ENDPOINT: text }), /TOK/, text);
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

  it('refuses one port for two servers, but not two free ones', () => {
    const both = /^bad settings: PORT and HAWKER_OPS_PORT must be two ports \(both are 8080\)$/;
    assert.match(problemsOf({ PORT: '8080', HAWKER_OPS_PORT: '8080' }), both);
    assert.match(problemsOf({ HAWKER_OPS_PORT: '8080' }), both, 'which PORT is by itself');
    assert.equal(loadConfig({ PORT: '0', HAWKER_OPS_PORT: '0' }).HAWKER_OPS_PORT, 0);
  });

  it('refuses what is for an address without that address', () => {
    assert.match(
      problemsOf({ OTEL_EXPORTER_OTLP_HEADERS: 'authorization=QQTOK' }),
      /^bad settings: OTEL_EXPORTER_OTLP_HEADERS is for the address in OTEL_EXPORTER_OTLP_ENDPOINT, which is not set$/,
    );
    const both = { PYROSCOPE_BASIC_AUTH_USER: 'me', PYROSCOPE_BASIC_AUTH_PASSWORD: 'QQTOK' };
    assert.match(problemsOf(both), /for the address in PYROSCOPE_SERVER_ADDRESS, which is not set$/);
    const address = { PYROSCOPE_SERVER_ADDRESS: 'http://localhost:4040' };
    assert.match(problemsOf({ ...address, PYROSCOPE_BASIC_AUTH_USER: 'me' }), /_PASSWORD go together$/);
    assert.equal(loadConfig({ ...address, ...both }).PYROSCOPE_BASIC_AUTH_USER, 'me');
  });

  it('refuses a path that is added anyway, and names that everything is asked for by', () => {
    for (const path of ['/v1/traces', '/v1/metrics'])
      for (const end of ['', '/'])
        assert.match(
          problemsOf({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://localhost:4318${path}${end}` }),
          new RegExp(`OTEL_EXPORTER_OTLP_ENDPOINT must be without ${path}: Hawker adds it`),
        );
    assert.ok(loadConfig({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:4318/v1/traces/mine' }));
    for (const name of ['service.name', 'service.namespace', 'service.instance.id'])
      assert.match(
        problemsOf({ OTEL_RESOURCE_ATTRIBUTES: `cloud.region=x,${name}=y` }),
        /OTEL_RESOURCE_ATTRIBUTES must be without service\.name, service\.namespace, service\.instance\.id: Hawker sets them/,
      );
    assert.ok(loadConfig({ OTEL_RESOURCE_ATTRIBUTES: 'service.version=2' }));
  });

  it('takes true and false in any case, and nothing that only looks like one', () => {
    for (const [text, value] of [
      ['TRUE', true],
      ['true', true],
      ['False', false],
      ['', false],
    ] as const)
      assert.equal(loadConfig({ OTEL_SDK_DISABLED: text }).OTEL_SDK_DISABLED, value, text);
    for (const text of ['1', 'yes']) assert.match(problemsOf({ OTEL_SDK_DISABLED: text }), /must be true or false/);
  });

  it('knows Cloud Run by the variable the platform sets', () => {
    assert.equal(loadConfig({ K_SERVICE: 'redirects' }).cloudRun, true);
  });
});

describe('settings as data', () => {
  it('finds names that look like ours and are none', () => {
    assert.deepEqual(unknownSettings({ HAWKER_DTAA: 'x', HAWKER_DATA: 'y', PATH: 'z' }), ['HAWKER_DTAA']);
  });

  it('finds variables that steer telemetry elsewhere, unless they ask for what is done anyway', () => {
    const told = unheededSettings({
      ...{ OTEL_SERVICE_NAME: 'QQ', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc', OTEL_TRACES_SAMPLER: 'always_on' },
      ...{ OTEL_TRACES_SAMPLER_ARG: '1', OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://QQ' },
      ...{ OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'http://QQ', OTEL_METRICS_EXPORTER: 'prometheus' },
      ...{ OTEL_TRACES_EXPORTER: 'none', OTEL_LOGS_EXPORTER: 'otlp' },
    });
    assert.equal(told.length, 9);
    for (const sentence of told) assert.match(sentence, /^OTEL_[A-Z_]+ has no effect: (?!.*QQ)\S[^\n]+$/);
    assert.match(told.join('\n'), /^OTEL_TRACES_SAMPLER has no effect: HAWKER_TRACE_RATE says/m);
    const same = { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf', OTEL_TRACES_EXPORTER: 'otlp' };
    const none = { OTEL_METRICS_EXPORTER: 'otlp', OTEL_LOGS_EXPORTER: 'none', OTEL_SERVICE_NAME: ' ' };
    assert.deepEqual(unheededSettings({ ...same, ...none, OTEL_SDK_DISABLED: 'true' }), []);
  });

  it('describes every setting in one line', () => {
    for (const [name, setting] of Object.entries(SETTINGS)) {
      assert.match(name, /^[A-Z][A-Z0-9_]*$/);
      assert.match(setting.about, /^\S[^\n]*\S$/, name);
    }
  });
});
