import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, describe, it } from 'node:test';
import { loadConfig } from '../config.ts';
import { beginInvocation, setLogRate } from '../telemetry/invocation.ts';
import { forgetSecrets, redact } from '../telemetry/redact.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import { processLog } from './process-log.ts';

afterEach(() => {
  forgetSecrets();
  setLogRate(Number.POSITIVE_INFINITY);
});

const ADDRESSES = {
  OTEL_EXPORTER_OTLP_ENDPOINT: 'http://localhost:4318',
  PYROSCOPE_SERVER_ADDRESS: 'http://localhost:4040',
  PYROSCOPE_BASIC_AUTH_USER: 'somebody',
};

const SECRETS = {
  HAWKER_ADMIN_KEY: 'open-sesame-2026',
  LTA_ACCOUNT_KEY: 'lta-key-of-mine',
  HAWKER_IMAGE_KEYS: `${'1'.repeat(31)}a,${'2'.repeat(31)}b`,
  HAWKER_DEBUG_KEY: 'd'.repeat(40),
  PYROSCOPE_BASIC_AUTH_PASSWORD: 'pyro-password',
  OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=main,x-auth=p%40ssword-of-it',
};

/** Writes what it is told to as a process of its own does, whose exit code tells that it lived on. */
const CHILD = `
const { loadConfig } = await import(process.argv[1] + '/config.ts');
const { processLog } = await import(process.argv[1] + '/serve/process-log.ts');
const log = processLog(loadConfig());
for (let n = 0; n < 100; n++) { log.info('line ' + n, { n }); await new Promise(setImmediate); }
process.exit(7);`;

function start(stdout: 'pipe' | number, env: Record<string, string> = {}) {
  const shared = join(import.meta.dirname, '..');
  return spawn(process.execPath, ['--input-type=module', '-e', CHILD, shared], {
    stdio: ['ignore', stdout, 'inherit'],
    env: { PATH: process.env['PATH'], ...env },
    timeout: 30_000,
  });
}

describe('the log of a process', () => {
  it('never tells the value of any setting that is a secret', () => {
    processLog(loadConfig({ ...ADDRESSES, ...SECRETS }));
    for (const secret of [...Object.values(SECRETS).flatMap((value) => value.split(',')), 'p@ssword-of-it'])
      if (!secret.startsWith('x-'))
        assert.doesNotMatch(redact(`the value ${secret} is wrong`), new RegExp(RegExp.escape(secret)));
    assert.equal(redact('the main thing'), 'the main thing', 'which is no credential');
  });

  it('writes as many lines of one kind in a second as its setting says', () => {
    processLog(loadConfig({ HAWKER_LOG_RATE: '2' }));
    const log = createKeptLog();
    const end = () =>
      beginInvocation({ kind: 'event', name: 'of-this-test', log }).end({ outcome: 'ok', severity: 'INFO' });
    for (let n = 0; n < 50; n++) end();
    assert.ok(log.lines.length >= 2 && log.lines.length <= 4, 'two, or four where a second ends between them');
  });

  it('has JSON and no colours where nobody watches, from the severity that its setting says', async () => {
    for (const [env, lines] of [
      [{}, 100],
      [{ HAWKER_LOG_LEVEL: 'warning', FORCE_COLOR: '1' }, 0],
    ] as const) {
      const child = start('pipe', env);
      const [told, [code]] = await Promise.all([text(child.stdout ?? Readable.from([])), once(child, 'close')]);
      assert.equal(code, 7);
      const parsed = told
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Record<string, unknown>);
      assert.equal(parsed.length, lines);
      for (const { severity, message } of parsed)
        assert.match(`${String(severity)} ${String(message)}`, /^INFO line \d+$/);
    }
  });

  it('begins with what was set and has no effect', async () => {
    const child = start('pipe', { OTEL_SERVICE_NAME: 'mine', HAWKER_DTAA: 'x', HAWKER_LOG_LEVEL: 'warning' });
    const [told] = await Promise.all([text(child.stdout ?? Readable.from([])), once(child, 'close')]);
    const messages = told
      .split('\n')
      .slice(0, -1)
      .map((line) => (JSON.parse(line) as { message: string }).message);
    assert.equal(messages.length, 2);
    assert.match(messages[0] ?? '', /^HAWKER_DTAA is not a setting/);
    assert.match(messages[1] ?? '', /^OTEL_SERVICE_NAME has no effect: /);
  });

  it('is lost, and the process lives on, where the reader of its output went away', async () => {
    const child = start('pipe');
    child.stdout?.destroy();
    const [code] = (await once(child, 'close')) as [number];
    assert.equal(code, 7);
  });

  it('is lost, and the process lives on, where the disk is full', {
    skip: existsSync('/dev/full') ? false : 'there is no /dev/full here',
  }, async () => {
    const full = openSync('/dev/full', 'w');
    const child = start(full);
    closeSync(full);
    const [code] = (await once(child, 'close')) as [number];
    assert.equal(code, 7);
  });
});
