import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runAnswer } from './answers.ts';
import { EXAMPLE } from './example.ts';
import { createRig } from './testing.ts';

const RUNS = 'POST /v1/targets/shop/runs';

describe('POST /v1/runs/{id}/pause and resume', () => {
  it('pauses a run that nobody has begun, and publishes the next message when it is resumed, however often', async () => {
    const rig = await createRig();
    const { id } = (await rig.ask(RUNS, EXAMPLE)).body;
    for (let turn = 0; turn < 2; turn++) {
      const { status, body } = await rig.ask(`POST /v1/runs/${id}/pause`);
      assert.deepEqual([status, body.state], [200, 'paused']);
      assert.deepEqual(runAnswer.parse(body), body);
    }
    rig.trouble.publish = new Error('the queue is down');
    const refused = await rig.ask(`POST /v1/runs/${id}/resume`);
    assert.deepEqual([refused.status, refused.body.code], [503, 'unavailable']);
    delete rig.trouble.publish;
    for (let turn = 0; turn < 2; turn++) {
      const { status, body } = await rig.ask(`POST /v1/runs/${id}/resume`);
      assert.deepEqual([status, body.state, body.seq], [200, 'queued', 1]);
    }
    assert.deepEqual(
      rig.published.map(({ event: { id: event, data } }) => [event, data]),
      [
        [`${id}/0`, { run: id, seq: 0 }],
        [`${id}/1`, { run: id, seq: 1 }],
        [`${id}/1`, { run: id, seq: 1 }],
      ],
    );
  });

  it('leaves one that has ended as it is, and knows no other', async () => {
    const rig = await createRig();
    const { id } = (await rig.ask(RUNS, EXAMPLE)).body;
    await rig.ask(`POST /v1/runs/${id}/pause`);
    const { body } = await rig.ask(`POST /v1/runs/${id}/cancel`);
    assert.equal(body.state, 'cancelled');
    for (const what of ['pause', 'resume']) {
      assert.deepEqual((await rig.ask(`POST /v1/runs/${id}/${what}`)).body, body);
      assert.equal((await rig.ask(`POST /v1/runs/nobody/${what}`)).status, 404);
    }
  });

  it('is for admins', async () => {
    const rig = await createRig();
    const headers = await rig.keyFor('editor');
    for (const path of ['/v1/runs/r1/pause', '/v1/runs/r1/resume', '/v1/targets/shop/unlock'])
      assert.equal((await rig.ask(`POST ${path}`, { reason: 'x' }, headers)).status, 403, path);
  });
});

describe('maxCostUsd', () => {
  it('is kept with the run, and has to be a sum', async () => {
    const rig = await createRig();
    const { body } = await rig.ask(RUNS, { command: 'up', maxCostUsd: 0.5 });
    assert.deepEqual([body.maxCostUsd, (await rig.runs.get(body.id))?.maxCostUsd], [0.5, 0.5]);
    for (const maxCostUsd of [-1, '1', 1e9, null])
      assert.equal((await rig.ask(RUNS, { command: 'up', maxCostUsd })).body.errors?.[0].pointer, '/maxCostUsd');
  });
});
