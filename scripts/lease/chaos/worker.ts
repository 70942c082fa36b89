/**
 * One contender of a chaos run, a process of its own: `node worker.ts <plan as JSON>`. It wants the lease, leads for a while, gives it back or dies,
 * and wants it again until it is told to finish. It uses shared/lease as any program would, on a wall clock that lies.
 */
import { join } from 'node:path';
import { type Clock, systemClock } from '#shared/clock.ts';
import { loadConfig } from '#shared/config.ts';
import { isAppError, messageOf } from '#shared/errors.ts';
import { systemIds } from '#shared/ids.ts';
import type { Held, Lease } from '#shared/lease/lease.ts';
import { createLog } from '#shared/log.ts';
import { type Database, openDatabase } from '#shared/sqlite/database.ts';
import { openStore } from '#shared/store/index.ts';
import { createDice } from './dice.ts';
import { openWitness, sharedMono } from './evidence.ts';
import { createLedger } from './ledger.ts';
import { openWorkerLeases } from './open-leases.ts';
import { COUNTERS, type News, type Order, type WorkerPlan } from './plan.ts';
import { createReign } from './reign.ts';
import { connectResource } from './resource-client.ts';

const plan = JSON.parse(process.argv[2] ?? '') as WorkerPlan;
const witness = openWitness(plan.evidence);
const dice = createDice(plan.seed);
const finish = new AbortController();
let { skewMs } = plan;

witness.write({ kind: 'began', at: sharedMono(), pid: process.pid, worker: plan.worker });
// A terminal's Ctrl-C is for the one who started all this, who then ends everybody.
process.on('SIGINT', () => {});
process.on('disconnect', () => process.exit());
process.on('message', (order: Order) => {
  if (order === 'finish') finish.abort();
  else skewMs = order.skewMs;
});

const clock: Clock = { ...systemClock, now: () => Date.now() + skewMs };
const ids = systemIds;
const log = createLog({ format: 'text', level: 'ERROR', now: clock.now, write: (line) => process.stderr.write(line) });
const config = loadConfig(plan.settings);
let opened: Database | undefined;
const database = () => {
  opened ??= openDatabase(join(config.HAWKER_DATA, 'hawker.db'));
  return opened;
};
const store = await openStore(config, { clock, ids, database });
// The first word to a server takes many times as long as the next; a lease this short has no time for that.
await store.get(COUNTERS, plan.name).catch(() => undefined);
const resource = await connectResource(plan.resource);

const ledger = createLedger({
  store,
  name: plan.name,
  witness,
  newId: () => ids.unique(),
  now: clock.now,
  unfenced: plan.flaw === 'unfenced commits',
});
const leases = await openWorkerLeases(plan, config, { store: ledger.store, clock, ids, log });
const lease = leases.lease(plan.name, { durationMs: plan.durationMs, note: plan.worker });
const reign = createReign({ plan, witness, dice, ledger, resource, identity: lease.identity, stop: finish.signal });

/** `undefined` where it could not be had; an error that the interface does not announce is written down and is no reason to give up. */
async function asked(doing: string, ask: () => Promise<Held | undefined>): Promise<Held | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (!finish.signal.aborted && !isAppError(error))
      witness.write({ kind: 'trouble', at: sharedMono(), doing, what: messageOf(error) });
    return undefined;
  }
}

function want(of: Lease): Promise<Held | undefined> {
  if (dice.chance(0.3)) return asked('tryAcquire', () => of.tryAcquire());
  const wait = dice.between(plan.durationMs / 2, plan.durationMs * 4);
  return asked('acquire', () => of.acquire({ wait, signal: finish.signal }));
}

function tell(news: News): void {
  if (process.connected) process.send?.(news);
}

while (!finish.signal.aborted) {
  let from = sharedMono();
  let held = await want(lease);
  for (let resumed = false; held; resumed = true) {
    tell({ leads: true });
    const { lost, release } = await reign(held, from, resumed);
    tell({ leads: false });
    from = sharedMono();
    held = lost && dice.chance(0.5) ? await asked('resume', () => lease.resume()) : undefined;
    // Also what was lost: a term that a suspicious clock has put in doubt is still there.
    if (!held) await release();
  }
  await clock.sleep(dice.between(1, plan.durationMs / 5), finish.signal).catch(() => undefined);
}
resource.close();
await leases.close(plan.durationMs);
await store.close();
opened?.close();
process.disconnect();
