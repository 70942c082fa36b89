import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '#shared/errors.ts';
import { unlockAnswer, verifyAnswer } from './answers.ts';
import { aStatus, createRig, LONG } from './testing.ts';

describe('GET /v1/targets/{name}/verify', () => {
  it('answers whether files, history and version agree, and where not', async () => {
    const rig = await createRig();
    const agrees = (await rig.ask('GET /v1/targets/shop/verify')).body;
    assert.deepEqual([agrees.ok, agrees.version, 'historyAt' in agrees], [true, '3', false]);
    const drift = { edited: [{ version: LONG, name: 'one' }], missing: [], late: [] };
    const found = { drift, state: { version: 3n, dirty: false }, ok: false, historyAt: null };
    const other = await createRig({ databases: { verify: async () => found } });
    const { body } = await other.ask('GET /v1/targets/shop/verify');
    assert.deepEqual(
      [body.ok, body.historyAt, body.drift.edited],
      [false, null, [{ version: `${LONG}`, name: 'one' }]],
    );
    assert.deepEqual(verifyAnswer.parse(body), body);
    assert.equal((await rig.ask('GET /v1/targets/nobody/verify')).status, 404);
  });
});

describe('POST /v1/targets/{name}/unlock', () => {
  const holders = [{ session: '7', client: '10.0.0.7', endBy: 'select pg_terminate_backend(7)' }];

  it('takes the lease away, and tells the SQL that would end the session which holds the lock', async () => {
    const rig = await createRig({
      databases: {
        status: async () => {
          const lease = await rig.leases.observe('migrate.shop');
          return aStatus({ holders, ...(lease && { lease }) });
        },
      },
    });
    const lease = rig.leases.lease('migrate.shop', { note: 'up' });
    await lease.acquire({ wait: 1_000 });
    const { status, body } = await rig.ask('POST /v1/targets/shop/unlock', { reason: 'its host is gone' });
    assert.deepEqual([status, body.broken, body.holder.lease.holder], [200, true, lease.identity]);
    assert.deepEqual(body.holder.database, [{ session: '7', endBy: 'select pg_terminate_backend(7)' }]);
    assert.deepEqual(unlockAnswer.parse(body), body);
    const view = await rig.leases.observe('migrate.shop');
    assert.deepEqual([view?.holder, view?.why.includes('its host is gone')], [undefined, true]);
    const again = (await rig.ask('POST /v1/targets/shop/unlock', { reason: 'once more' })).body;
    assert.deepEqual([again.broken, again.holder.lease], [false, undefined]);
    await rig.leases.close(100);
  });

  it('takes it away also where the database does not answer, and says what was wrong', async () => {
    const status = async () => {
      throw new AppError('unavailable', 'the database did not answer');
    };
    const rig = await createRig({ databases: { status } });
    await rig.leases.lease('migrate.shop').acquire({ wait: 1_000 });
    const { body } = await rig.ask('POST /v1/targets/shop/unlock', { reason: 'stuck' });
    assert.deepEqual([body.broken, body.error.code], [true, 'unavailable']);
    await rig.leases.close(100);
  });

  it('takes it from nobody who came to it while the database was asked', async () => {
    const rig = await createRig({
      databases: {
        async status() {
          const view = await rig.leases.observe('migrate.shop');
          if (view?.holder !== undefined) await first.release();
          await next.acquire({ wait: 1_000 });
          return aStatus();
        },
      },
    });
    const next = rig.leases.lease('migrate.shop');
    const first = await rig.leases.lease('migrate.shop').acquire({ wait: 1_000 });
    await rig.ask('POST /v1/targets/shop/unlock', { reason: 'stuck' });
    assert.equal((await rig.leases.observe('migrate.shop'))?.holder, next.identity);
    await rig.leases.close(100);
  });

  it('wants a reason', async () => {
    const rig = await createRig();
    for (const body of [{}, { reason: ' ' }, { reason: 'x'.repeat(501) }])
      assert.equal((await rig.ask('POST /v1/targets/shop/unlock', body)).body.errors?.[0].pointer, '/reason');
  });
});
