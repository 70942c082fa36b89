/** A hit that was answered is counted although the process is told to end right after. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { type Hawker, startHawker, until } from '../support/hawker.ts';

const BROWSER = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36';
const LINK = '/links/v1/domains/go.example.com/links/busy';

async function countAll(hawker: Hawker): Promise<number> {
  return (await hawker.ask(`${LINK}/stats`)).json<{ total: { all: number } }>().total.all;
}

/** Visits from `workers` sides at once until the process is gone; answers how many were sent and how many were answered with a redirect. */
function load(
  hawker: Hawker,
  workers: number,
): { answered: () => number; ended: Promise<{ sent: number; answered: number }> } {
  let sent = 0;
  let answered = 0;
  const worker = async () => {
    for (;;) {
      sent++;
      try {
        const { status } = await hawker.ask('/busy', { host: 'go.example.com', headers: { 'User-Agent': BROWSER } });
        if (status === 302) answered++;
      } catch {
        return;
      }
    }
  };
  const ended = Promise.all(Array.from({ length: workers }, worker)).then(() => ({ sent, answered }));
  return { answered: () => answered, ended };
}

it('counts every answered hit after SIGTERM under load', async () => {
  const data = mkdtempSync(join(tmpdir(), 'hawker-'));
  try {
    let seen: { sent: number; answered: number };
    {
      await using hawker = await startHawker({ data });
      await hawker.ask('/links/v1/domains/go.example.com', { method: 'PUT', body: {} });
      await hawker.ask(LINK, { method: 'PUT', body: { target: 'https://shop.example/' } });
      const visits = load(hawker, 8);
      await until(
        () => Promise.resolve(visits.answered()),
        (count) => count >= 300,
      );
      assert.equal(await hawker.stop('SIGTERM'), 0, hawker.output());
      seen = await visits.ended;
    }
    await using again = await startHawker({ data });
    const all = await until(
      () => countAll(again),
      (count) => count >= seen.answered,
    );
    assert.ok(all <= seen.sent, `${all} counted of ${seen.sent} sent`);
  } finally {
    rmSync(data, { recursive: true });
  }
});
