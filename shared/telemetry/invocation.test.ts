import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { AppError } from '../errors.ts';
import { createKeptLog } from '../testing/kept-log.ts';
import { beginInvocation, type InvocationEnd, setLogRate } from './invocation.ts';
import { observe } from './observe.ts';
import { note } from './scope.ts';

afterEach(() => setLogRate(Number.POSITIVE_INFINITY));

let names = 0;

/** An invocation of a name that no other test has. */
function rig(name = `test-${++names}`) {
  const log = createKeptLog();
  const invoke = (end: Partial<InvocationEnd> = {}, began?: number, debug = false) =>
    beginInvocation({ kind: 'event', name, log, debug, ...(began !== undefined && { began }) }).end({
      ...{ outcome: 'ok', severity: 'INFO' },
      ...end,
    });
  return { log, invoke, name };
}

describe('the line of an invocation', () => {
  it('has what was noted and observed within it, how it ended and how long it took', async () => {
    const { log, name } = rig();
    const { run, end } = beginInvocation({ kind: 'firing', name, log });
    await run(async () => {
      note({ stop: '83139' });
      for (let n = 0; n < 3; n++) await observe({ name: 'store.get' }, async () => undefined);
      log.info('on the way');
    });
    end({ outcome: 'done', severity: 'INFO', fields: { firing: 'f' } });
    const [, line = {}] = log.lines;
    assert.deepEqual(
      [line['message'], line['kind'], line['stop'], line['firing'], line['outcome']],
      [`firing ${name}`, 'firing', '83139', 'f', 'done'],
    );
    assert.equal(typeof line['ms'], 'number');
    assert.equal((line['steps'] as Record<string, { times: number }>)['store.get']?.times, 3);
  });

  it('says of the first in a process that it was the first', () => {
    const { log, invoke } = rig();
    invoke();
    invoke();
    assert.ok(log.lines.filter(({ coldStart }) => coldStart === true).length <= 1);
    assert.equal(log.lines[1]?.['coldStart'], undefined);
  });

  it('tells of an error that a function noted, rather than threw', () => {
    const { log, name } = rig();
    const { run, end } = beginInvocation({ kind: 'firing', name, log });
    run(() => note({ error: new AppError('invalid', 'the watchman is ill') }));
    end({ outcome: 'failed', severity: 'ERROR' });
    assert.match(String(log.lines[0]?.['error']), /the watchman is ill/);
  });

  it('is as bad as an error that was noted, where whoever carries the invocation saw it end well', () => {
    for (const [error, severity] of [
      [new AppError('migration_failed', 'no such column'), 'WARNING'],
      [new TypeError('bug'), 'ERROR'],
    ] as const) {
      const { log, name } = rig();
      const { run, end } = beginInvocation({ kind: 'event', name, log });
      run(() => note({ error }));
      end({ outcome: 'done', severity: 'INFO' });
      const [line = {}] = log.lines;
      assert.deepEqual([line['severity'], line['outcome']], [severity, 'done']);
    }
  });
});

describe('of many invocations of one name', () => {
  it('so many a second have a line, and the next says how many had none', (t) => {
    t.mock.method(performance, 'now', () => now);
    let now = 5_000_100;
    setLogRate(3);
    const { log, invoke } = rig();
    const other = rig();
    for (let n = 0; n < 10; n++) invoke();
    other.invoke();
    assert.equal(log.lines.length, 3);
    assert.equal(other.log.lines.length, 1);
    now += 1_000;
    for (let n = 0; n < 2; n++) invoke();
    assert.deepEqual(
      log.lines.map(({ leftOut }) => leftOut),
      [undefined, undefined, undefined, 7, undefined],
    );
  });

  it('each that failed, was slow or is debugged has one', () => {
    setLogRate(0);
    const { log, invoke } = rig();
    invoke();
    invoke({ severity: 'ERROR', outcome: 'failed' });
    invoke({ severity: 'WARNING', outcome: 'again' });
    invoke({ outcome: 'slow' }, performance.now() - 1_001);
    invoke({ outcome: 'debugged' }, undefined, true);
    assert.deepEqual(
      log.lines.map(({ outcome, leftOut }) => [outcome, leftOut]),
      [
        ['failed', 1],
        ['again', undefined],
        ['slow', undefined],
        ['debugged', undefined],
      ],
    );
  });

  it('are counted for a bounded number of names', () => {
    setLogRate(1);
    const log = createKeptLog();
    const end = (name: string) =>
      beginInvocation({ kind: 'request', name, log }).end({ outcome: 'ok', severity: 'INFO' });
    for (let n = 0; n < 2_000; n++) end(`name ${n}`);
    // Each of the first has its own second; all others share one.
    assert.ok(log.lines.length <= 510 && log.lines.length > 100, String(log.lines.length));
  });
});
