/** A PgBouncer of a test's own, in front of the tests' PostgreSQL. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const PROGRAM = ['/usr/sbin', '/usr/bin', '/usr/local/bin', '/opt/homebrew/bin']
  .map((folder) => join(folder, 'pgbouncer'))
  .find(existsSync);

export function poolerIsMissing(ci: boolean): string | false {
  if (!PROGRAM && ci) throw new Error('pgbouncer is not installed: CI skips nothing');
  return PROGRAM ? false : 'pgbouncer is not installed';
}

export type PoolMode = 'session' | 'transaction' | 'statement';

/** `address`: of the database behind it. `size`: server connections, at most. */
export async function startPooler(address: string, mode: PoolMode, size: number, more = '') {
  const { hostname, port, username, password, pathname } = new URL(address);
  const folder = await mkdtemp(join(tmpdir(), 'hawker-pooler-'));
  // It does not run as root, and so reads this as somebody else.
  await chmod(folder, 0o755);
  const file = join(folder, 'pgbouncer.ini');
  const own = await freePort();
  const login = `user=${username}${password ? ` password=${password}` : ''}`;
  const lines = [
    '[databases]',
    `* = host=${hostname} port=${port || 5432} ${login}`,
    '[pgbouncer]',
    ...['listen_addr = 127.0.0.1', `listen_port = ${own}`, 'unix_socket_dir =', 'auth_type = any'],
    ...[`pool_mode = ${mode}`, `default_pool_size = ${size}`, 'max_client_conn = 50', more],
  ];
  await writeFile(file, lines.join('\n'), { mode: 0o644 });
  const asOther = process.getuid?.() === 0 ? ['-u', 'postgres'] : [];
  const child = spawn(PROGRAM ?? 'pgbouncer', [...asOther, file], { stdio: ['ignore', 'ignore', 'pipe'] });
  const said: string[] = [];
  const up = new Promise<void>((resolve, reject) => {
    createInterface(child.stderr).on('line', (line) => {
      said.push(line);
      if (/process up/.test(line)) resolve();
    });
    child.once('exit', () => reject(new Error(`pgbouncer ended: ${said.join('\n')}`)));
    child.once('error', reject);
  });
  await up;
  return {
    address: `postgres://${username}@127.0.0.1:${own}${pathname}`,
    async [Symbol.asyncDispose]() {
      const ended = once(child, 'close');
      child.kill('SIGKILL');
      await ended;
      await rm(folder, { recursive: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const found = server.address();
  server.close();
  await once(server, 'close');
  return typeof found === 'object' && found ? found.port : 0;
}
