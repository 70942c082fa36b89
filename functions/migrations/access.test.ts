import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EXAMPLE } from './example.ts';
import { createRig } from './testing.ts';

const READS = [
  '/v1/targets',
  '/v1/targets/shop',
  '/v1/targets/shop/plan',
  '/v1/targets/shop/runs',
  '/v1/targets/shop/history',
  '/v1/targets/shop/verify',
  '/v1/rollouts',
  '/v1/fleet',
];

describe('who may', () => {
  it('viewers read, and admins alone start and cancel', async () => {
    const rig = await createRig();
    const { body } = await rig.ask('POST /v1/targets/shop/runs', EXAMPLE);
    const WAVES = { command: 'up', waves: [{}] };
    const rollout = (await rig.ask('POST /v1/rollouts', WAVES)).body.id;
    const WRITES: [string, unknown][] = [
      ['GET /v1/targets/shop/plan?samples=1', undefined],
      ['POST /v1/targets/shop/runs', EXAMPLE],
      ['POST /v1/targets/shop/runs', { ...EXAMPLE, dryRun: true }],
      [`POST /v1/runs/${body.id}/pause`, undefined],
      [`POST /v1/runs/${body.id}/resume`, undefined],
      [`POST /v1/runs/${body.id}/cancel`, undefined],
      ['POST /v1/targets/shop/unlock', { reason: 'gone' }],
      ['POST /v1/targets/shop/rehearse', undefined],
      ['POST /v1/rollouts', WAVES],
      ['POST /v1/rollouts', { ...WAVES, dryRun: true }],
      [`POST /v1/rollouts/${rollout}/cancel`, undefined],
    ];
    for (const role of ['viewer', 'editor', 'admin'] as const) {
      const key = await rig.keyFor(role);
      for (const path of [...READS, `/v1/runs/${body.id}`, `/v1/rollouts/${rollout}`])
        assert.equal((await rig.ask(`GET ${path}`, undefined, key)).status, 200, `${role} ${path}`);
      for (const [line, sent] of WRITES) {
        const { status } = await rig.ask(line, sent, key);
        assert.equal(status < 300, role === 'admin', `${role} ${line} ${status}`);
        if (role !== 'admin') assert.equal(status, 403);
      }
    }
  });

  it('nobody without credentials, nor with those of one domain', async () => {
    const rig = await createRig();
    const bound = await rig.keyFor('admin', 'go.example.com');
    for (const path of READS) {
      assert.equal((await rig.ask(`GET ${path}`, undefined, { Authorization: '' })).status, 401, path);
      assert.equal((await rig.ask(`GET ${path}`, undefined, bound)).status, 403, path);
    }
    for (const line of [
      ...['runs', 'lint', 'rehearse', 'unlock'].map((what) => `POST /v1/targets/shop/${what}`),
      ...['cancel', 'pause', 'resume'].map((what) => `POST /v1/runs/r/${what}`),
      ...['', '/r/cancel', '/r/approve'].map((what) => `POST /v1/rollouts${what}`),
    ]) {
      assert.equal((await rig.ask(line, EXAMPLE, { Authorization: '' })).status, 401, line);
      assert.equal((await rig.ask(line, EXAMPLE, bound)).status, 403, line);
    }
    assert.deepEqual(rig.published, []);
  });
});
