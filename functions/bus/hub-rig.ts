/** A hub over boards of a test's own making, and listeners that keep what they are told. */
import { createFakeClock } from '#shared/testing/fake-clock.ts';
import { createKeptLog } from '#shared/testing/kept-log.ts';
import { createHub, type Listener } from './hub.ts';
import { createStubBoards } from './rig.ts';

export const STOP = '83139';

interface Event {
  id?: string;
  event: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into any event
  data: any;
}

export function startHub() {
  const clock = createFakeClock(Date.parse('2026-01-08T04:00:00Z'));
  const boards = createStubBoards(clock);
  const log = createKeptLog();
  const hub = createHub({ boards, clock, log });
  const listen = async (given: Pick<Listener, 'service' | 'lastId'> = {}, signal = new AbortController().signal) => {
    const bytes: Uint8Array[] = [];
    const events: Event[] = [];
    const send = (message: Uint8Array) => {
      bytes.push(message);
      const fields = new TextDecoder()
        .decode(message)
        .trim()
        .split('\n')
        .map((line) => line.split(/: (.*)/s));
      const { id, event, data } = Object.fromEntries(fields) as Record<string, string>;
      if (event) events.push({ ...(id && { id }), event, data: JSON.parse(data ?? '') });
    };
    const leave = await hub.join(STOP, { ...given, send }, signal);
    return { events, bytes, leave, names: () => events.splice(0).map(({ event }) => event) };
  };
  return { clock, boards, log, hub, listen };
}
