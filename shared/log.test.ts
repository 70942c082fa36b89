import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLog, type LogOptions } from './log.ts';

function kept(options: Partial<LogOptions> = {}) {
  const lines: string[] = [];
  const log = createLog({
    format: 'json',
    now: () => Date.UTC(2026, 0, 2, 3, 4, 5),
    write: (line) => lines.push(line),
    ...options,
  });
  const parsed = () => lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  return { log, lines, parsed };
}

describe('a JSON line', () => {
  it("has Cloud Logging's field names and ends with one newline", () => {
    const { log, lines, parsed } = kept();
    log.warn('slow answer', { ms: 1200 });
    assert.deepEqual(parsed(), [
      { severity: 'WARNING', message: 'slow answer', time: '2026-01-02T03:04:05.000Z', ms: 1200 },
    ]);
    assert.match(lines[0] ?? '', /^[^\n]+\n$/);
  });

  it('stays one line whatever the text holds', () => {
    const { log, lines } = kept();
    log.info('two\nlines', { detail: 'a\r\nb' });
    assert.equal(lines[0]?.indexOf('\n'), lines[0]?.length && lines[0].length - 1);
  });

  it('shows an error with its stack and leaves out what is undefined', () => {
    const { log, parsed } = kept();
    log.warn('failed', { error: new TypeError('no such thing'), id: undefined });
    const [line] = parsed();
    assert.match(String(line?.['error']), /^TypeError: no such thing\n\s+at /);
    assert.ok(line && !('id' in line));
  });
});

describe('a text line', () => {
  it('is readable and on one line', () => {
    const { log, lines } = kept({ format: 'text' });
    log.info('listening', { url: 'http://localhost:8080', functions: ['links', 'clicks'] });
    log.warn('two\nlines');
    assert.deepEqual(lines, [
      '03:04:05 INFO listening url=http://localhost:8080 functions=["links","clicks"]\n',
      '03:04:05 WARN two ⏎ lines\n',
    ]);
  });
});

describe('a log', () => {
  it('writes nothing below its level, which is INFO unless it is told otherwise', () => {
    const usual = kept();
    usual.log.debug('detail');
    assert.deepEqual(usual.lines, []);
    const quiet = kept({ level: 'ERROR' });
    quiet.log.warn('hm');
    quiet.log.error('broken');
    assert.deepEqual(
      quiet.parsed().map((line) => line['message']),
      ['broken'],
    );
  });

  it('adds bound fields to each line, the nearest one winning', () => {
    const { log, parsed } = kept();
    const request = log.with({ function: 'links', request: 'a' }).with({ request: 'b' });
    request.info('one');
    request.info('two', { request: 'c' });
    log.info('three');
    assert.deepEqual(
      parsed().map((line) => [line['function'], line['request']]),
      [
        ['links', 'b'],
        ['links', 'c'],
        [undefined, undefined],
      ],
    );
  });
});
