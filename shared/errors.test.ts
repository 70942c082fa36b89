import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError, CATALOGUE, type ErrorCode, isAppError, isRetryable, messageOf } from './errors.ts';

const codes = Object.keys(CATALOGUE) as ErrorCode[];

describe('AppError', () => {
  it('takes status and retryable from the catalogue', () => {
    for (const code of codes) {
      const error = new AppError(code, 'why');
      assert.equal(error.status, CATALOGUE[code].status);
      assert.equal(error.retryable, CATALOGUE[code].retryable);
      assert.equal(error.message, 'why');
    }
  });

  it('keeps the cause, the offending fields and extra headers, and has no cause where none was given', () => {
    const cause = new Error('socket closed');
    const error = new AppError('unavailable', 'the store does not answer', {
      cause,
      errors: [{ pointer: '/target', detail: 'must be an address' }],
      headers: { 'Retry-After': '5' },
    });
    assert.equal(error.cause, cause);
    assert.deepEqual(error.errors, [{ pointer: '/target', detail: 'must be an address' }]);
    assert.deepEqual(error.headers, { 'Retry-After': '5' });
    assert.ok(!('cause' in new AppError('not_found', 'no such link')));
  });

  it('that was repeated enough is not retryable, though it may pass', () => {
    const seen = [new AppError('unavailable', 'x', { triedEnough: true }), new AppError('invalid', 'x')];
    assert.deepEqual(
      seen.map(({ retryable, mayPass }) => [retryable, mayPass]),
      [
        [false, true],
        [false, false],
      ],
    );
    assert.equal(isRetryable(seen[0]), false);
  });

  it('is told from other errors, by its code where one is asked for', () => {
    const error = new AppError('conflict', 'changed');
    assert.ok(isAppError(error));
    assert.ok(isAppError(error, 'conflict'));
    assert.ok(!isAppError(error, 'not_found'));
    assert.ok(!isAppError(new Error('conflict')));
  });
});

describe('the catalogue', () => {
  it('holds stable codes with an HTTP error status and a title for people', () => {
    for (const code of codes) {
      const { status, title } = CATALOGUE[code];
      assert.match(code, /^[a-z]+(?:_[a-z]+)*$/);
      assert.ok(status >= 400 && status <= 599, code);
      assert.match(title, /^[A-Z].*[^.]$/, code);
    }
  });

  it('calls no refusal of a request itself retryable, and every failure of ours but a missing setting', () => {
    for (const code of codes) {
      const { status, retryable } = CATALOGUE[code];
      if (status >= 500) assert.equal(retryable, code !== 'not_configured', code);
      if ([400, 401, 403, 404, 405, 412, 413, 415, 422].includes(status)) assert.ok(!retryable, code);
    }
  });
});

describe('what was thrown', () => {
  it('may be tried again when nobody foresaw it', () => {
    assert.equal(isRetryable(new AppError('invalid', 'no')), false);
    assert.equal(isRetryable(new AppError('unavailable', 'no')), true);
    assert.equal(isRetryable(new TypeError('x is not a function')), true);
    assert.equal(isRetryable(undefined), true);
  });

  it('has a message even when it is no Error', () => {
    assert.equal(messageOf(new Error('broken pipe')), 'broken pipe');
    assert.equal(messageOf('thrown text'), 'thrown text');
    assert.equal(messageOf(undefined), 'undefined');
  });
});
