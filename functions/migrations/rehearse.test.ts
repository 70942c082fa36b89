import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '#shared/errors.ts';
import type { Rehearsal } from '#shared/migrations/rehearse/rehearse.ts';
import { rehearsalAnswer } from './rehearse-answers.ts';
import { createRig, LONG } from './testing.ts';

const LINE = 'POST /v1/targets/shop/rehearse';
const TOLD: Rehearsal = {
  ok: false,
  engine: 'pglite',
  ms: 12,
  steps: [{ version: LONG, name: 'one', up: { ms: 3 }, down: { ms: 2 } }],
  problems: [{ version: LONG, direction: 'down', kind: 'down differs', detail: 'left over: index by_name' }],
};

describe('POST /v1/targets/{name}/rehearse', () => {
  it('answers the rehearsal, problems included, versions as texts', async () => {
    const rig = await createRig({ rehearse: async () => TOLD });
    const { status, body } = await rig.ask(LINE);
    assert.equal(status, 200);
    assert.deepEqual(rehearsalAnswer.parse(body), body);
    assert.deepEqual(body, {
      ...{ target: 'shop', ok: false, engine: 'pglite', ms: 12 },
      steps: [{ version: String(LONG), name: 'one', up: { ms: 3 }, down: { ms: 2 } }],
      problems: [
        { version: String(LONG), direction: 'down', kind: 'down differs', detail: 'left over: index by_name' },
      ],
    });
  });

  it('is for admins, and for a target that is there', async () => {
    const rig = await createRig();
    assert.equal((await rig.ask(LINE, undefined, await rig.keyFor('editor'))).status, 403);
    assert.equal((await rig.ask(LINE, undefined, { Authorization: '' })).status, 401);
    assert.equal((await rig.ask('POST /v1/targets/none/rehearse')).status, 404);
    assert.equal((await rig.ask(LINE)).status, 200);
  });

  it('takes one at a time, and another after it, however it ended', async () => {
    const going = [Promise.withResolvers<Rehearsal>(), Promise.withResolvers<Rehearsal>()];
    let begun = 0;
    const rig = await createRig({ rehearse: () => going[begun++]?.promise ?? Promise.resolve(TOLD) });
    for (const one of going) {
      const before = begun;
      const first = rig.ask(LINE);
      while (begun === before) await new Promise(setImmediate);
      const second = await rig.ask('POST /v1/targets/accounts/rehearse');
      assert.deepEqual([second.status, second.body.code], [429, 'too_many_requests']);
      assert.ok(second.headers.get('Retry-After'));
      if (before === 0) one.resolve(TOLD);
      else one.reject(new AppError('migration_refused', 'not here'));
      assert.equal((await first).status, before === 0 ? 200 : 409);
    }
    assert.equal((await rig.ask(LINE)).status, 200);
  });

  it('is given up after 50 seconds, and says where longer ones belong', async () => {
    let signalled = false;
    const begun = Promise.withResolvers<void>();
    const rig = await createRig({
      rehearse: (_, signal) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            signalled = true;
            reject(signal.reason as Error);
          });
          begun.resolve();
        }),
    });
    const asked = rig.ask(LINE);
    await begun.promise;
    await rig.clock.advance(49_999);
    assert.equal(signalled, false);
    await rig.clock.advance(1);
    const { status, body } = await asked;
    assert.deepEqual([status, body.code, signalled], [503, 'unavailable', true]);
    assert.match(body.detail, /npm run migrate -- rehearse --target shop/);
  });
});
