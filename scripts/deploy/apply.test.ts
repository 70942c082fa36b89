import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MANIFEST } from '#functions/manifest.ts';
import { apply, destroy } from './apply.ts';
import { GcloudFailed, Stopped, shown } from './gcloud.ts';
import { look } from './look.ts';
import { planOf } from './plan.ts';
import type { Command } from './resource.ts';
import { FULL, fakeProject, OPTIONS } from './testing.ts';

const QUESTION = /^(?:describe|list|get-iam-policy)$/;
const asks = ({ args }: Command) => args.some((arg) => QUESTION.test(arg));

for (const [name, options] of Object.entries({ 'the plain plan': OPTIONS, 'the plan with everything': FULL }))
  describe(name, () => {
    const plan = planOf(MANIFEST, options, { LTA_ACCOUNT_KEY: 'a-key-of-some-length' });

    it('is carried out in an empty project, and changes nothing the second time', async () => {
      const { state, carrying } = fakeProject();
      assert.equal((await apply(plan, carrying)).created, plan.length);
      const after = structuredClone(state);
      const again = await apply(plan, carrying);
      assert.deepEqual(again, { created: 0, updated: 0, removed: 0, left: [] });
      assert.deepEqual(state, after);
    });

    it('ends in the same state when it was killed after any of its commands and run again', async () => {
      const whole = fakeProject();
      await apply(plan, whole.carrying);
      const { length } = whole.state.changes;
      for (let kill = 0; kill < length; kill++) {
        const { state, run, carrying } = fakeProject();
        const killed = new Error('killed');
        const dying = async (command: Command) => {
          if (!asks(command) && state.changes.length === kill) throw killed;
          return run(command);
        };
        await assert.rejects(apply(plan, { ...carrying, run: dying }), killed);
        await apply(plan, carrying);
        assert.deepEqual(state.things, whole.state.things, `after ${kill} commands`);
        assert.deepEqual(sorted(state.policies), sorted(whole.state.policies), `after ${kill} commands`);
      }
    });

    it('goes when it is destroyed, but for data, and all of it with the data', async () => {
      const { state, carrying } = fakeProject();
      await apply(plan, carrying);
      const { left } = await destroy(plan, { ...carrying, withData: false });
      for (const { resource } of left) assert.ok(resource.keeps, resource.id);
      const kept = new Set(Object.keys(state.things).map((id) => id.replace(/\/.*$/s, '')));
      assert.deepEqual([...kept].sort(), [
        'agent',
        'field',
        'firestore databases',
        'secrets',
        'services',
        'storage buckets',
        'versions',
      ]);
      assert.deepEqual(Object.values(state.policies).flat(), []);
      await destroy(plan, { ...carrying, withData: true });
      const rest = Object.keys(state.things).filter((id) => !/^(?:agent|services)\//.test(id));
      assert.deepEqual(rest, ['secrets/shop-url']);
      await apply(plan, carrying);
      assert.ok((await look(plan, carrying.run)).every((seen) => seen.state === 'same'));
    });
  });

describe('apply', () => {
  const plan = planOf(MANIFEST, OPTIONS);

  it('mends what somebody changed by hand, and diff shows it before', async () => {
    const { state, carrying } = fakeProject();
    await apply(plan, carrying);
    const service = state.things['run services/links'] as unknown as {
      spec: { template: { spec: { containers: { resources: { limits: { memory: string } } }[] } } };
    };
    const [container] = service.spec.template.spec.containers;
    if (container) container.resources.limits.memory = '1Gi';
    state.policies['run services/clicks'] = [];
    const drift = (await look(plan, carrying.run)).filter((seen) => seen.state !== 'same');
    assert.deepEqual(
      drift.map(({ resource, state, differences }) => [resource.id, state, differences]),
      [
        ['service/links', 'differs', [{ path: 'memory', wanted: 512, found: 1_024 }]],
        ['role/push/run.invoker/clicks', 'absent', []],
      ],
    );
    const { created, updated } = await apply(plan, carrying);
    assert.deepEqual({ created, updated }, { created: 1, updated: 1 });
    assert.ok((await look(plan, carrying.run)).every((seen) => seen.state === 'same'));
  });

  it('changes nothing without --yes, and says each command', async () => {
    const { state, carrying, said } = fakeProject();
    await apply(plan, { ...carrying, yes: false });
    assert.deepEqual(state.changes, []);
    for (const { create } of plan) for (const command of create) assert.ok(said.includes(`  ${shown(command)}`));
  });

  it('leaves a running image alone unless a tag is named', async () => {
    const { state, carrying } = fakeProject();
    await apply(planOf(MANIFEST, { ...OPTIONS, tag: 'v1' }), carrying);
    const { updated } = await apply(plan, carrying);
    assert.equal(updated, 0);
    assert.ok(JSON.stringify(state.things['run services/links']).includes('hawker:v1'));
    await apply(planOf(MANIFEST, { ...OPTIONS, tag: 'v2' }), carrying);
    assert.ok(JSON.stringify(state.things['run services/links']).includes('hawker:v2'));
  });

  it('tries again, further apart each time, where others edit the same policy', async () => {
    let refusals = 3;
    const { carrying, waits, state } = fakeProject(({ args }) =>
      args[1] === 'add-iam-policy-binding' && refusals-- > 0
        ? { stderr: 'ERROR: (gcloud.projects.add-iam-policy-binding) ABORTED: There were concurrent policy changes.' }
        : undefined,
    );
    await apply(plan, carrying);
    assert.deepEqual(waits, [1_000, 2_000, 4_000]);
    assert.ok(state.policies['projects/demo-1']?.length);
  });

  it('gives up in the end, says what failed and what to do, and goes on from there', async () => {
    let broken = true;
    const { carrying, waits, state } = fakeProject(({ args }) =>
      broken && args.includes('topics') && args.includes('create')
        ? { stderr: 'ERROR: (gcloud.pubsub.topics.create) RESOURCE_EXHAUSTED: Quota exceeded.' }
        : undefined,
    );
    await assert.rejects(apply(plan, carrying), (error: unknown) => {
      assert.ok(error instanceof GcloudFailed);
      assert.match(
        error.message,
        /^could not create topic\/bus\.leave: ERROR.*Quota exceeded.*run the same command again/,
      );
      return true;
    });
    assert.equal(waits.length, 9);
    const done = state.changes.length;
    broken = false;
    await apply(plan, carrying);
    assert.equal(new Set(state.changes).size, state.changes.length, 'nothing is done twice');
    assert.ok(state.changes.length > done);
  });

  it('waits until a right that was just given is known everywhere', async () => {
    let refusals = 8;
    const { carrying, waits } = fakeProject(({ args }) =>
      args[1] === 'deploy' && refusals-- > 0
        ? {
            stderr:
              'Deploying...\nERROR: (gcloud.run.deploy) spec.template.spec.containers[0].env[3].value_from.secret_key_ref.name: Permission denied on secret: projects/1/secrets/s/versions/latest for Revision service account a@b.',
          }
        : undefined,
    );
    await apply(plan, carrying);
    assert.ok(waits.reduce((sum, ms) => sum + ms) >= 120_000, 'IAM takes about two minutes');
  });

  it('does not take for passing what gcloud said before it failed', async () => {
    const { carrying, waits } = fakeProject(({ args }) =>
      args[0] === 'builds'
        ? {
            stderr:
              'Creating temporary archive of 502 file(s) totalling 4.2 MiB before compression.\nERROR: (gcloud.builds.submit) build 1 completed with status "FAILURE"',
          }
        : undefined,
    );
    await assert.rejects(apply(plan, carrying), /could not create image\/hawker.*status "FAILURE"/);
    assert.deepEqual(waits, []);
  });

  it('says what to do where new projects may not build in the region', async () => {
    const { carrying } = fakeProject(({ args }) =>
      args[0] === 'builds'
        ? {
            stderr:
              'ERROR: (gcloud.builds.submit) FAILED_PRECONDITION: due to quota restrictions, Cloud Build cannot run builds in this region',
          }
        : undefined,
    );
    await assert.rejects(apply(plan, carrying), /build it elsewhere: .*--region=us-central1/);
  });

  it('does not call a service well whose first revision never became ready, but leaves the candidate of a release to that', async () => {
    const { state, carrying } = fakeProject();
    await apply(plan, carrying);
    const service = state.things['run services/links'] ?? assert.fail();
    const states = async () =>
      (await look(plan, carrying.run)).flatMap(({ resource, state: seen }) => (seen === 'same' ? [] : resource.id));
    const conditions = [{ type: 'Ready', status: 'False' }];
    service['status'] = { conditions, latestCreatedRevisionName: 'links-00001-abc' };
    assert.deepEqual(await states(), ['service/links']);
    service['status'] = { conditions, latestCreatedRevisionName: 'links-c0123456789ab-12345678' };
    assert.deepEqual(await states(), []);
  });

  it('does all else before domains, which fail until somebody has proved whose they are', async () => {
    const { carrying } = fakeProject(({ args }) =>
      args[2] === 'domain-mappings' && args[3] === 'create'
        ? { stderr: 'ERROR: (gcloud.beta.run.domain-mappings.create) The domain does not appear to be verified' }
        : undefined,
    );
    await assert.rejects(apply(plan, carrying), /domain\/go\.example\.com/);
    const missing = (await look(plan, carrying.run)).filter((seen) => seen.state !== 'same');
    assert.deepEqual(
      missing.map(({ resource }) => resource.id),
      ['domain/go.example.com'],
    );
  });

  it('does not take what it may not see for absent, whatever the project is called', async () => {
    const { carrying } = fakeProject(() => ({
      stderr: 'ERROR: (gcloud.pubsub.topics.describe) PERMISSION_DENIED: not authorised on projects/team-404/topics/a.',
    }));
    await assert.rejects(look(plan, carrying.run), GcloudFailed);
  });

  it('takes a bucket of somebody else for none of ours', async () => {
    const { carrying } = fakeProject(({ args }) =>
      args.join(' ').startsWith('storage buckets create')
        ? { stderr: 'ERROR: (gcloud.storage.buckets.create) HTTPError 409: The requested bucket name already exists.' }
        : undefined,
    );
    await assert.rejects(apply(plan, carrying), /could not create bucket\/demo-1-hawker-blobs/);
  });

  it('stops between two commands when it is asked to', async () => {
    const { carrying, state } = fakeProject();
    const stopped = () => state.changes.length >= 5;
    await assert.rejects(apply(plan, { ...carrying, stopped }), Stopped);
    assert.equal(state.changes.length, 5);
  });

  it('says nothing of a secret, and gives gcloud its value on standard input alone', async () => {
    const value = 'the-key-that-nobody-may-see';
    const inputs: string[] = [];
    const { carrying, said, state } = fakeProject();
    const run = async (command: Command) => {
      const given = await command.input?.();
      if (given !== undefined) inputs.push(given);
      return carrying.run(command);
    };
    await apply(planOf(MANIFEST, OPTIONS, { HAWKER_ADMIN_KEY: value }), { ...carrying, run });
    assert.deepEqual(inputs.sort(), ['\n', '\n', value]);
    assert.doesNotMatch(JSON.stringify([said, state]), new RegExp(value));
  });
});

const sorted = (policies: Record<string, { role: string; condition?: { expression: string } }[]>) =>
  Object.fromEntries(
    Object.entries(policies)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([id, bindings]) => [id, bindings.map((binding) => JSON.stringify(binding)).sort()]),
  );
