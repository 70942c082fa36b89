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
];

describe('who may', () => {
  it('viewers read, and admins alone start and cancel', async () => {
    const rig = await createRig();
    const { body } = await rig.ask('POST /v1/targets/shop/runs', EXAMPLE);
    const WRITES: [string, unknown][] = [
      ['POST /v1/targets/shop/runs', EXAMPLE],
      ['POST /v1/targets/shop/runs', { ...EXAMPLE, dryRun: true }],
      [`POST /v1/runs/${body.id}/cancel`, undefined],
    ];
    for (const role of ['viewer', 'editor', 'admin'] as const) {
      const key = await rig.keyFor(role);
      for (const path of [...READS, `/v1/runs/${body.id}`])
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
    assert.equal((await rig.ask('POST /v1/targets/shop/runs', EXAMPLE, bound)).status, 403);
    assert.deepEqual(rig.published, []);
  });
});
