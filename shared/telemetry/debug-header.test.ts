import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { createKeptLog } from '../testing/kept-log.ts';
import { DEBUG_HEADER, debugHeader, isDebugged, useDebugKey } from './debug-header.ts';

const KEY = 'a debugging key of some length, 32+';
const seconds = () => Math.floor(Date.now() / 1000);

afterEach(() => useDebugKey(undefined));

function ask(value: string) {
  const log = createKeptLog();
  const debugged = isDebugged(new Headers({ [DEBUG_HEADER]: value }), log);
  return { debugged, reasons: log.lines.map(({ severity, reason }) => `${String(severity)}: ${String(reason)}`) };
}

describe('a debug header', () => {
  it('is taken until it is over, from either kind of headers', () => {
    useDebugKey(KEY);
    const value = debugHeader(KEY, seconds() + 3_590);
    assert.deepEqual(ask(value), { debugged: true, reasons: [] });
    assert.equal(isDebugged({ 'x-hawker-debug': value }, createKeptLog()), true);
  });

  it('does nothing where it is bad, over or for too long, and only whoever looks for it is told', () => {
    useDebugKey(KEY);
    const good = debugHeader(KEY, seconds() + 60);
    for (const [value, reason] of [
      ['1', /it is not <expires>/],
      ['', /it is not <expires>/],
      [`${good}x`, /it is not <expires>/],
      [good.replace(/\.(.)/, (_, first) => `.${first === 'A' ? 'B' : 'A'}`), /signed with another key/],
      [debugHeader('another', seconds() + 60), /signed with another key/],
      [good.replace(/^\d+/, String(seconds() + 61)), /signed with another key/],
      [debugHeader(KEY, seconds() - 1), /it is over/],
      [debugHeader(KEY, seconds() + 3_700), /longer than an hour/],
    ] as const) {
      const { debugged, reasons } = ask(value);
      assert.equal(debugged, false, value);
      assert.equal(reasons.length, 1);
      assert.match(reasons[0] ?? '', reason);
      assert.match(reasons[0] ?? '', /^DEBUG/);
    }
  });

  it('does nothing, and is not looked at, where there is no key', () => {
    assert.deepEqual(ask(debugHeader(KEY, seconds() + 60)), { debugged: false, reasons: [] });
    useDebugKey(KEY);
    assert.equal(isDebugged({}, createKeptLog()), false);
  });
});
