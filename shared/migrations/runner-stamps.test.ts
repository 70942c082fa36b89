/** Runs that run no file: they set the version, or take the files' texts for those that were applied. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '../errors.ts';
import { guardAgainstLeaks } from '../testing/leak-guard.ts';
import type { Command } from './run.ts';
import { createRig } from './runner-rig.ts';
import type { Session } from './session.ts';

guardAgainstLeaks();

type Rig = ReturnType<typeof createRig>;

function change(rig: Rig, how: (session: Session) => Partial<Session>): void {
  const { open } = rig.database;
  rig.database.open = (own) => {
    rig.database.open = open;
    const session = open(own);
    return { ...session, ...how(session) };
  };
}

describe('a run that stamps', () => {
  const stamping: Command[] = [{ command: 'force', version: 2n }, { command: 'rebless' }];

  it('does nothing where somebody wants it to stop before it has the lock', async () => {
    for (const command of stamping)
      for (const [want, state] of [
        ['cancel', 'cancelled'],
        ['pause', 'paused'],
      ] as const) {
        const rig = createRig();
        await rig.process().run(await rig.begin({ command: 'up' }));
        rig.files = { ...rig.files, '1_m.up.sql': 'another text' };
        const rows = rig.database.history.length;
        const id = await rig.begin(command);
        change(rig, (session) => ({
          async tryLock() {
            await rig.runs[want](id);
            return session.tryLock();
          },
        }));
        const run = await rig.process().run(id);
        assert.deepEqual([run.state, rig.database.history.length], [state, rows], `${command.command} ${want}`);
        if (want === 'cancel') continue;
        const { seq } = (await rig.runs.resume(id)) ?? {};
        assert.equal((await rig.process().run(id, { seq: seq ?? -1 })).changed, true);
        assert.equal(rig.database.history.length, rows + 1);
      }
  });

  it('says that it changed something, also where its worker died before it could note that', async () => {
    const rig = createRig();
    const id = await rig.begin({ command: 'force', version: 2n });
    change(rig, (session) => ({
      async stamp(...given) {
        await session.stamp(...given);
        throw new AppError('unavailable', 'the connection was lost');
      },
    }));
    await assert.rejects(rig.process().run(id, { seq: 0, isLast: false }), /was lost/);
    const run = await rig.process().run(id, { seq: 0 });
    assert.deepEqual([run.state, run.changed, run.to], ['done', true, { version: '2', dirty: false }]);
    assert.equal(rig.database.history.length, 1);
  });
});

describe('a run that gave up waiting', () => {
  it('tells who holds the lock, and not from where', async () => {
    const rig = createRig();
    rig.database.holder = '77';
    change(rig, () => ({ holders: async () => [{ session: '77', user: 'ann', client: '10.1.2.3' }] }));
    const { error } = await rig.process().run(await rig.begin({ command: 'up' }, { lockTimeoutMs: 500 }));
    assert.match(
      error?.detail ?? '',
      /its lock is held by session 77 \(user ann\); to wait longer, give `lockTimeoutMs` \(`--lock-timeout`\)$/,
    );
  });
});
