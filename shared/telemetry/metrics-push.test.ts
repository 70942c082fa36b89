import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { createFakeClock } from '../testing/fake-clock.ts';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import { createMetricsPush } from './metrics-push.ts';
import { currentScope, runInScope } from './scope.ts';

guardAgainstLeaks();

function rig(t: TestContext, encode: () => Promise<Uint8Array>) {
  const sent: Uint8Array[] = [];
  const lost: [count: number, reason: string, scoped: boolean][] = [];
  const push = createMetricsPush({
    encode,
    sender: { away: false, resting: false, send: async (body) => sent.push(body) > 0 },
    troubles: { lost: (count, reason) => void lost.push([count, reason, Boolean(currentScope())]) },
    clock: createFakeClock(),
  });
  t.after(() => push.close(0));
  return { push, sent, lost };
}

describe('metrics on their way', () => {
  it('that cannot be written down are told of, as no part of an invocation, and the next are sent', async (t) => {
    let times = 0;
    const { push, sent, lost } = rig(t, async () => {
      if (++times === 1) throw new Error('too many open files');
      return new Uint8Array();
    });
    const scope = { trace: undefined, span: undefined, invocation: { fields: {}, steps: new Map(), debug: false } };
    await runInScope(scope, () => push.push(1_000));
    assert.deepEqual([sent.length, lost], [0, [[0, 'too many open files', false]]]);
    await push.push(1_000);
    assert.deepEqual([sent.length, lost.length], [1, 1]);
  });
});
