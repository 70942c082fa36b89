/** What a worker does while it leads. It asserts before every effect, as the interface asks, and is deliberately late with some of them. */
import { setTimeout as sleep } from 'node:timers/promises';
import { isAppError, messageOf } from '#shared/errors.ts';
import type { Held } from '#shared/lease/lease.ts';
import type { Dice } from './dice.ts';
import { sharedMono, type Witness } from './evidence.ts';
import type { Ledger } from './ledger.ts';
import type { WorkerPlan } from './plan.ts';
import type { ResourceClient } from './resource-client.ts';

/** How often a leader looks whether it still is one, beside before each effect. */
const LOOK_MS = 25;

interface Tools {
  plan: WorkerPlan;
  witness: Witness;
  dice: Dice;
  ledger: Ledger;
  resource: ResourceClient;
  identity: string;
  stop: AbortSignal;
}

/** Leads for a random time; `asked` is when the lease was asked for. Answers how to give back what was not lost for good. */
export type Reign = (
  held: Held,
  asked: number,
  resumed: boolean,
) => Promise<{ lost: boolean; release: () => Promise<void> }>;

export function createReign({ plan, witness, dice, ledger, resource, identity, stop }: Tools): Reign {
  const { durationMs, flaw } = plan;
  const asserts = flaw !== 'unasserted' && flaw !== 'unfenced commits';
  let holds = 0;

  return async (held, asked, resumed) => {
    const hold = ++holds;
    const { token } = held;
    let over = false;
    witness.write({ kind: 'held', hold, token, identity, asked, resumed });

    /** Whether the term may be counted on now; writes down until when at least, counted from before it asked. */
    const counts = (): boolean => {
      if (over) return false;
      const from = sharedMono();
      try {
        if (asserts) held.assert();
      } catch (error) {
        if (!isAppError(error, 'lease_lost'))
          witness.write({ kind: 'trouble', at: from, doing: 'assert', what: messageOf(error) });
        over = true;
        witness.write({ kind: 'over', hold, at: from, how: 'lost' });
        return false;
      }
      const to = sharedMono();
      const until = sharedMono() + held.remaining();
      witness.write({ kind: 'counts', hold, from, to, until });
      return true;
    };

    const write = () => resource.write(token, identity);
    const act = async () => {
      const what = dice.roll();
      if (what < 0.3) await write();
      // Sent whether or not the term lasts until then: this is the write that only the resource can refuse.
      else if (what < 0.45) void sleep(dice.between(0, durationMs * 2)).then(write);
      else if (what < 0.8) await ledger.commit(held);
      else if (what < 0.85) void ledger.commit(held, dice.between(0, durationMs * 2));
      else await sleep(dice.between(1, 30));
    };

    const looks = setInterval(counts, LOOK_MS);
    const end = sharedMono() + (dice.chance(0.25) ? dice.between(1, 4) * durationMs : dice.between(0, durationMs / 2));
    try {
      while (sharedMono() < end && !stop.aborted && counts()) await act();
    } finally {
      clearInterval(looks);
    }
    if (plan.mayCrash && dice.chance(0.1)) process.kill(process.pid, 'SIGKILL');
    const lost = over;
    over = true;
    return {
      lost,
      release() {
        witness.write({ kind: 'over', hold, at: sharedMono(), how: 'released' });
        return held.release();
      },
    };
  };
}
