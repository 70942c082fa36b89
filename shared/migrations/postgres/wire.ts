/** What `pg` does not offer of a connection. */
import type { Client } from 'pg';
import type { Clock } from '../../clock.ts';

/** What `pg` keeps to itself. */
interface Inner {
  processID: number | null;
  connection: {
    stream: { destroy(): void };
    on(event: 'commandComplete' | 'readyForQuery' | 'end', listener: () => void): void;
  };
  _txStatus: string | null;
}

export const inner = (client: Client) => client as unknown as Inner;

/** `sslmode` as PostgreSQL's own clients read it, not as `pg` does: to `require` a certificate does not mean to check it. */
export function plain(address: string): string {
  if (!URL.canParse(address)) return address;
  const url = new URL(address);
  if (url.searchParams.has('sslmode') && !url.searchParams.has('uselibpqcompat'))
    url.searchParams.set('uselibpqcompat', 'true');
  return url.href;
}

export async function end(client: Client, clock: Clock): Promise<void> {
  const ended = new AbortController();
  clock.sleep(2_000, ended.signal).then(
    () => inner(client).connection.stream.destroy(),
    () => {},
  );
  await client.end().catch(() => {});
  ended.abort();
}
