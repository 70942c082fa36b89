import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { AppError } from '../errors.ts';
import { createLog, type LogOptions } from '../log.ts';
import { beginInvocation } from './invocation.ts';

function kept(options: Partial<LogOptions> = {}) {
  const lines: string[] = [];
  const now = () => Date.UTC(2026, 0, 2, 3, 4, 5);
  const log = createLog({ format: 'text', now, write: (line) => void lines.push(line), ...options });
  return { log, text: () => lines.join('') };
}

describe('a line for a terminal', () => {
  it('tells when, how bad, whose, what and the few fields that matter, on one line', async () => {
    const { log, text } = kept();
    const parent = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7', sampled: true };
    const { scope, run, end } = beginInvocation({
      kind: 'request',
      name: 'GET',
      log: log.with({ function: 'bus' }),
      parent,
    });
    await run(async () => scope.invocation.steps.set('store.get', { times: 2, ms: 1.25 }));
    Object.assign(scope.invocation.fields, { requestId: 'V1StGXR8_Z5jdHi6B-myT' });
    end({
      outcome: 'ok',
      severity: 'INFO',
      message: 'GET /v2/stops/:code 200',
      request: { method: 'GET', route: '/v2/stops/:code', status: 200 },
    });
    assert.match(
      text(),
      /^03:04:05 INFO bus GET \/v2\/stops\/:code 200 outcome=ok ms=[\d.]+ (?:coldStart=true )?store\.get=2x1\.3ms request=V1StGXR8 trace=4bf92f35\n$/,
    );
  });

  it('has the stack of an error below, indented', () => {
    const { log, text } = kept();
    log.error('failed', { error: new TypeError('no such thing', { cause: 'nobody' }) });
    assert.match(
      text(),
      /^03:04:05 ERROR failed\n {4}TypeError: no such thing\n {8}at [\s\S]*\n {4}caused by: nobody\n$/,
    );
  });

  it('has no stack of an error that was foreseen', () => {
    const { log, text } = kept();
    log.warn('failed', { error: new AppError('unavailable', 'away', { cause: new Error('inner') }) });
    assert.equal(text(), '03:04:05 WARN failed\n    AppError: away (unavailable)\n    caused by: Error: inner\n');
  });

  it('has colours where it is told so, and says the same without', () => {
    const [plain, coloured] = [kept(), kept({ colour: true })];
    for (const { log } of [plain, coloured]) log.with({ function: 'bus' }).warn('slow', { ms: 1 });
    assert.notEqual(coloured.text(), plain.text());
    assert.equal(stripVTControlCharacters(coloured.text()), plain.text());
    assert.equal(stripVTControlCharacters(plain.text()), plain.text());
  });

  it('lets nothing that was logged move the cursor or turn text around', () => {
    const { log, text } = kept();
    log.info('a\u001b[2Jb', { x: 'c\u202ed', error: new Error('e\u001b]0;f\u0007') });
    assert.doesNotMatch(text().replaceAll('\n', ''), /[\p{Cc}\p{Bidi_Control}]/u);
    assert.match(text(), /a\\u001b\[2Jb x=c\\u202ed/);
  });
});
