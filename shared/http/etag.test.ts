import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isAppError } from '../errors.ts';
import { etagOf, requireMatch, requireNoMatch } from './etag.ts';

const passes = (header: string | undefined, version?: string, rule = requireMatch) => {
  try {
    rule(header, version === undefined ? undefined : { version });
    return true;
  } catch (error) {
    assert.ok(isAppError(error, 'precondition_failed'));
    return false;
  }
};

describe('If-Match', () => {
  it('passes where it is absent or names the version, alone or in a list', () => {
    assert.ok(passes(undefined, '7'));
    assert.ok(passes(undefined));
    assert.ok(passes('"7"', '7'));
    assert.ok(passes('"6", "7"', '7'));
  });

  it('takes * for any version, but not for nothing', () => {
    assert.ok(passes('*', '7'));
    assert.ok(!passes('*'));
  });

  it('refuses another version, a weak tag and a bare version', () => {
    for (const tag of ['"6"', 'W/"7"', '7', '']) assert.ok(!passes(tag, '7'), tag);
    assert.ok(!passes('"7"'));
  });

  it('carries any version as a valid tag', () => {
    const version = '2026-01-01T00:00:00.1Z "é"';
    assert.match(etagOf(version), /^"[\x21\x23-\x7e]+"$/);
    assert.ok(passes(etagOf(version), version));
  });
});

describe('If-None-Match', () => {
  const passesNone = (header: string | undefined, version?: string) => passes(header, version, requireNoMatch);

  it('passes where it is absent, where there is nothing, and for other versions', () => {
    assert.ok(passesNone(undefined, '7'));
    assert.ok(passesNone('*'));
    assert.ok(passesNone('"7"'));
    assert.ok(passesNone('"5", W/"6"', '7'));
  });

  it('refuses anything under *, and the version it names, weak or strong', () => {
    for (const tag of ['*', '"7"', 'W/"7"', '"6", "7"']) assert.ok(!passesNone(tag, '7'), tag);
  });
});
