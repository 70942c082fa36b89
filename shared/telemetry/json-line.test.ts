import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { AppError } from '../errors.ts';
import { createLog, type LogOptions } from '../log.ts';
import { MOST_BYTES } from './json-line.ts';
import { runInScope, type Scope } from './scope.ts';

type Parsed = Record<string, unknown>;

function kept(options: Partial<LogOptions> = {}) {
  const lines: string[] = [];
  const write = (line: string) => void lines.push(line);
  const log = createLog({ format: 'json', now: () => 0, write, ...options });
  return { log, lines, only: () => JSON.parse(lines.length === 1 ? (lines[0] ?? '') : '') as Parsed };
}

const scope = (fields: Parsed = {}, debug = false): Scope => ({
  trace: { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7', sampled: true },
  span: undefined,
  invocation: { fields, steps: new Map(), debug },
});

describe('a line within an invocation', () => {
  it('bears its trace and its request, where Cloud Logging looks for them', () => {
    const { log, only } = kept({ project: 'p-12345' });
    runInScope(scope({ requestId: 'r1', route: '/x' }), () => log.with({ function: 'links', code: 7 }).info('m'));
    assert.deepEqual(only(), {
      severity: 'INFO',
      message: 'm',
      time: '1970-01-01T00:00:00.000Z',
      'logging.googleapis.com/trace': 'projects/p-12345/traces/4bf92f3577b34da6a3ce929d0e0e4736',
      'logging.googleapis.com/spanId': '00f067aa0ba902b7',
      'logging.googleapis.com/trace_sampled': true,
      'logging.googleapis.com/labels': { function: 'links' },
      requestId: 'r1',
      function: 'links',
      code: 7,
    });
  });

  it('names the trace alone where no project is known', () => {
    const { log, only } = kept();
    runInScope(scope(), () => log.info('m'));
    assert.equal(only()['logging.googleapis.com/trace'], '4bf92f3577b34da6a3ce929d0e0e4736');
  });

  it('is written whatever its severity where that is debugged', () => {
    const { log, lines } = kept({ level: 'ERROR' });
    runInScope(scope(), () => log.debug('no'));
    runInScope(scope({}, true), () => log.debug('yes'));
    assert.match(lines.join(), /^[^\n]*"yes"[^\n]*\n$/);
  });

  it('is a part of the operation that was noted, or that its log is for', () => {
    const operation = { id: 'run-1', producer: 'migrations', first: true };
    for (const how of [
      (log: ReturnType<typeof createLog>) => log.with({ operation }).info('m'),
      (log: ReturnType<typeof createLog>) => runInScope(scope({ operation }), () => log.info('m')),
    ]) {
      const { log, only } = kept();
      how(log);
      assert.deepEqual(only()['logging.googleapis.com/operation'], operation);
      assert.ok(!('operation' in only()));
    }
    const { log, only } = kept();
    log.info('m', { operation: 'list' });
    assert.equal(only()['operation'], 'list');
  });
});

describe('an error', () => {
  const service = { name: 'links', version: 'links-00007' };

  it('that nobody foresaw is in the form of Error Reporting, with its place in the code and its stack once', () => {
    const { log, only } = kept({ service });
    const httpRequest = { requestMethod: 'GET', requestUrl: '/v1/domains/:host', status: 500, userAgent: 'curl/8' };
    log.error('GET /v1/domains/:host 500', { httpRequest, error: new TypeError('no such thing') });
    const line = only();
    assert.equal(line['@type'], 'type.googleapis.com/google.devtools.clouderrorreporting.v1beta1.ReportedErrorEvent');
    assert.deepEqual(line['serviceContext'], { service: 'links', version: 'links-00007' });
    assert.deepEqual(line['context'], {
      httpRequest: { method: 'GET', url: '/v1/domains/:host', userAgent: 'curl/8', responseStatusCode: 500 },
    });
    assert.match(String(line['stack_trace']), /^TypeError: no such thing\n\s+at .*json-line\.test\.ts/);
    assert.equal(line['error'], 'TypeError: no such thing');
    const place = line['logging.googleapis.com/sourceLocation'] as Parsed;
    assert.match(String(place['file']), /shared\/telemetry\/json-line\.test\.ts$/);
    assert.match(String(place['line']), /^\d+$/);
  });

  it('without a service is counted for its function', () => {
    const { log, only } = kept();
    log.with({ function: 'clicks' }).error('m', { error: new Error('x') });
    assert.deepEqual(only()['serviceContext'], { service: 'clicks' });
  });

  it('that was thrown on purpose, or is told of as a warning, is not reported', () => {
    for (const write of [
      (log: ReturnType<typeof createLog>) => log.error('m', { error: new AppError('invalid', 'x') }),
      (log: ReturnType<typeof createLog>) => log.warn('m', { error: new Error('x') }),
      (log: ReturnType<typeof createLog>) => log.error('m'),
    ]) {
      const { log, only } = kept({ service });
      write(log);
      assert.ok(!('@type' in only()) && !('stack_trace' in only()));
    }
    const { log, only } = kept({ service });
    log.error('m', { error: new AppError('internal', 'x') });
    assert.ok('@type' in only());
  });

  it('that was thrown on purpose has no stack, nor has what lies behind it, but says what that was', () => {
    const refused = new Error('connect ECONNREFUSED', { cause: 'port 1' });
    const error = new AppError('unavailable', 'the store is away', {
      cause: new AppError('invalid', 'x', { cause: refused }),
    });
    for (const write of ['info', 'warn', 'error'] as const) {
      const { log, only } = kept({ service });
      log[write]('m', { error });
      assert.equal(
        only()['error'],
        'AppError: the store is away (unavailable)\ncaused by: AppError: x (invalid)\ncaused by: Error: connect ECONNREFUSED\ncaused by: port 1',
      );
    }
  });

  it('that nobody foresaw has its stack and that of its cause, also as the cause of what is answered then', () => {
    for (const error of [
      new TypeError('bug', { cause: new RangeError('behind') }),
      new AppError('internal', 'bug', { cause: new AppError('conflict', 'x', { cause: new RangeError('behind') }) }),
    ]) {
      const { log, only } = kept({ service });
      log.error('m', { error });
      assert.match(String(only()['stack_trace']), /bug\n +at [\s\S]*RangeError: behind\n +at /);
      assert.doesNotMatch(String(only()['stack_trace']), /\(conflict\)\n +at /);
    }
  });

  it('brings along what lies behind it, as far as that is bounded', () => {
    const loop = new Error('loop');
    loop.cause = new AggregateError([new Error('one'), loop, 'text'], 'several');
    const { log, only } = kept();
    log.warn('m', { error: loop });
    assert.match(
      String(only()['error']),
      /^Error: loop[\s\S]*caused by: AggregateError: several[\s\S]*one of 3: Error: one[\s\S]*\(told above\)[\s\S]*one of 3: text$/,
    );
  });

  it('leaves out a cause that is no error, and may hold anything', () => {
    const { log, lines, only } = kept();
    const cause = new AppError('invalid', 'behind', { cause: { sqlstate: '42703' } });
    log.warn('m', { error: new Error('before', { cause }) });
    assert.match(String(only()['error']), /^Error: before[\s\S]*caused by: AppError: behind/);
    assert.doesNotMatch(lines.join(), /an object|42703/);
  });

  it('does not tell its own properties, in which libraries keep whole requests', () => {
    const { log, lines } = kept();
    log.error('m', { error: Object.assign(new Error('x'), { config: { headers: { a: 'abcdef' } } }) });
    assert.doesNotMatch(lines.join(), /abcdef/);
  });
});

describe('whatever is handed to the log', () => {
  const cyclic: Parsed = { name: 'a' };
  cyclic['self'] = cyclic;
  const itself: unknown[] = [];
  for (let n = 0; n < 8; n++) itself.push(itself);
  const odd: Record<string, unknown> = {
    'a cyclic object': cyclic,
    'a list that holds itself several times': itself,
    'lists of lists of nothing': Array.from({ length: 100 }, () => Array.from({ length: 100 }, () => ['', null, []])),
    'a BigInt': 12n,
    'a symbol': Symbol('x'),
    'a function': () => 1,
    'a throwing getter': Object.defineProperty({}, 'x', { enumerable: true, get: () => assert.fail('read') }),
    'a proxy that throws': new Proxy(
      {},
      {
        ownKeys: () => assert.fail('asked'),
        get: () => assert.fail('asked'),
        getPrototypeOf: () => assert.fail('asked'),
      },
    ),
    'a throwing toJSON': { toJSON: () => assert.fail('asked') },
    'a date that is none': new Date(Number.NaN),
    'not a number': Number.NaN,
    bytes: Buffer.alloc(100_000),
    'a megabyte': 'x'.repeat(1_000_000),
    'a megabyte of what JSON escapes': '\u0001'.repeat(1_000_000),
    'a megabyte of wide characters': '語'.repeat(1_000_000),
    'a long list': Array.from({ length: 100_000 }, (_, n) => `item ${n}`),
    'a wide object': Object.fromEntries(Array.from({ length: 100_000 }, (_, n) => [`field ${n}`, 'x'.repeat(100)])),
    'a deep object': JSON.parse(`${'{"a":'.repeat(2_000)}1${'}'.repeat(2_000)}`) as unknown,
    'an error with a long message': new Error('y'.repeat(1_000_000)),
    'an error without a prototype of its own': Object.setPrototypeOf(new Error('x'), null) as unknown,
    'half a surrogate pair': '\ud800',
    'a name that is special': JSON.parse('{"__proto__":{"x":1}}') as unknown,
  };

  for (const [what, value] of Object.entries(odd))
    it(`${what} becomes one bounded line`, () => {
      for (const format of ['json', 'text'] as const) {
        const { log, lines } = kept({ format });
        log.error('m', { value, nested: { value }, error: value });
        log.with({ value }).info('m', typeof value === 'object' ? (value as Parsed) : {});
        assert.equal(lines.length, 2);
        for (const line of lines) assert.ok(Buffer.byteLength(line) <= MOST_BYTES, String(line.length));
        if (format === 'json') for (const line of lines) assert.equal((JSON.parse(line) as Parsed)['message'], 'm');
      }
    });

  it('is one line of JSON within the limit, for anything', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.dictionary(
          fc.string(),
          fc.anything({
            withBigInt: true,
            withDate: true,
            withMap: true,
            withSet: true,
            withNullPrototype: true,
            withSparseArray: true,
            withTypedArray: true,
          }),
        ),
        (message, fields) => {
          const { log, lines, only } = kept();
          log.warn(message, fields);
          assert.ok(Buffer.byteLength(lines[0] ?? '') <= MOST_BYTES);
          assert.equal(lines[0]?.indexOf('\n'), (lines[0]?.length ?? 0) - 1);
          assert.equal(only()['severity'] === undefined, false);
        },
      ),
    );
  });

  it('cannot put anything in the place of what the line itself says', () => {
    const { log, only } = kept();
    log.warn('m', { severity: 'INFO', message: 'x', time: 'y', 'logging.googleapis.com/trace': 'z' });
    const { severity, message, time } = only();
    assert.deepEqual([severity, message, time], ['WARNING', 'm', '1970-01-01T00:00:00.000Z']);
  });

  it('does not fail where it cannot be written', () => {
    const { log } = kept({ write: () => assert.fail('EPIPE') });
    log.info('m');
  });
});
