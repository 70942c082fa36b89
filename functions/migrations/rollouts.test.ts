import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fleetAnswer, rolloutAnswer, rolloutPage, rolloutPlan } from './rollout-answers.ts';
import { aTarget, createRig } from './testing.ts';

const BODY = { command: 'up', waves: [{ labels: { stage: 'canary' } }, { approve: true }], parallel: 2 };
const databases = {
  targets: async () => [aTarget('shop', { labels: { stage: 'canary' } }), aTarget('accounts')],
};

describe('rollouts over HTTP', () => {
  it('are read by viewers, and started, approved and cancelled by admins alone', async () => {
    const rig = await createRig({ databases });
    const { body } = await rig.ask('POST /v1/rollouts', BODY);
    for (const role of ['viewer', 'editor', 'admin'] as const) {
      const key = await rig.keyFor(role);
      for (const path of ['/v1/rollouts', `/v1/rollouts/${body.id}`, '/v1/fleet'])
        assert.equal((await rig.ask(`GET ${path}`, undefined, key)).status, 200, `${role} ${path}`);
      if (role === 'admin') continue;
      const WRITES: [string, unknown][] = [
        ['POST /v1/rollouts', BODY],
        ['POST /v1/rollouts', { ...BODY, dryRun: true }],
        [`POST /v1/rollouts/${body.id}/approve`, { wave: 2 }],
        [`POST /v1/rollouts/${body.id}/cancel`, undefined],
      ];
      for (const [line, sent] of WRITES) assert.equal((await rig.ask(line, sent, key)).status, 403, `${role} ${line}`);
    }
    const bound = await rig.keyFor('admin', 'go.example.com');
    assert.equal((await rig.ask('POST /v1/rollouts', BODY, bound)).status, 403);
  });

  it('publish the runs of the first wave, and are not moved on by being looked at', async () => {
    const rig = await createRig({ databases });
    const { body } = await rig.ask('POST /v1/rollouts', BODY);
    const [first, ...more] = rig.published;
    assert.deepEqual([first?.topic, first?.event.subject, more.length], ['migration.run', 'shop', 0]);
    const { run } = body.waves[0].targets[0];
    await rig.runs.update(run, (record) => ({ ...record, state: 'done', changed: true }));
    assert.equal((await rig.ask(`GET /v1/rollouts/${body.id}`)).body.state, 'running');
    // As where a run ends that no message will tell of.
    assert.equal((await rig.ask(`POST /v1/runs/${run}/cancel`)).status, 200);
    const { body: told } = await rig.ask(`GET /v1/rollouts/${body.id}`);
    assert.deepEqual([told.state, told.waitsBefore], ['waiting', 2]);
    assert.deepEqual(rolloutAnswer.parse(told), told);
    const { body: page } = await rig.ask('GET /v1/rollouts');
    assert.deepEqual(rolloutPage.parse(page), page);
    const { body: plan } = await rig.ask('POST /v1/rollouts', {
      ...BODY,
      waves: [{}, { kind: 'mysql' }],
      dryRun: true,
    });
    assert.equal(plan.code, 'invalid');
    const dry = (await rig.ask('POST /v1/rollouts', { ...BODY, waves: [{}, { targets: ['shop'] }], dryRun: true }))
      .body;
    assert.deepEqual(rolloutPlan.parse(dry), dry);
  });

  it('are refused where their record could outgrow a document', async () => {
    const names = Array.from({ length: 300 }, (_, n) => `${n}`.padStart(63, 'a'));
    const rig = await createRig({ databases: { targets: async () => names.map((name) => aTarget(name)) } });
    const asked = (waves: number) => ({ ...BODY, waves: Array.from({ length: waves }, () => ({ targets: names })) });
    assert.equal((await rig.ask('POST /v1/rollouts', asked(14))).status, 413);
    assert.equal((await rig.ask('POST /v1/rollouts', asked(12))).status, 202);
  });

  it('that could not be queued end as cancelled, so that they do not go on behind somebody’s back', async () => {
    const rig = await createRig({ databases });
    rig.trouble.publish = new Error('the queue is down');
    const { status, body } = await rig.ask('POST /v1/rollouts', BODY);
    assert.deepEqual([status, body.code], [503, 'unavailable']);
    const { items } = (await rig.ask('GET /v1/rollouts')).body;
    assert.deepEqual([items.length, items[0].state], [1, 'cancelled']);
  });
});

describe('GET /v1/fleet', () => {
  it('holds nobody up for one that does not answer, and asks for fingerprints only when told to', async () => {
    const asked: boolean[] = [];
    const rig = await createRig({
      databases: {
        async survey(name, { fingerprints }) {
          asked.push(fingerprints);
          if (name === 'accounts') throw new Error('hunter2');
          return {
            state: { version: 3n, dirty: true },
            pending: 1,
            bundle: 'b',
            ...(fingerprints && { fingerprint: 'f' }),
          };
        },
      },
    });
    const { body } = await rig.ask('GET /v1/fleet');
    assert.deepEqual([body.ok, body.dirty, body.unreachable], [false, ['shop'], ['accounts']]);
    assert.deepEqual(body.targets[0].error, { code: 'internal', detail: 'Something went wrong here' });
    const { body: compared } = await rig.ask('GET /v1/fleet?fingerprints=true');
    assert.equal(compared.targets[1].fingerprint, 'f');
    for (const told of [body, compared]) assert.deepEqual(fleetAnswer.parse(told), told);
    assert.deepEqual(asked, [false, false, true, true]);
    assert.equal((await rig.ask('GET /v1/fleet?fingerprints=1')).status, 422);
  });
});
