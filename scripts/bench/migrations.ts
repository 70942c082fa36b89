/** Migrations: a folder of a thousand by the command line, start included, against node-pg-migrate and dbmate in turns; a run that finds nothing to do; and memory. */
import { spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { testServers } from '../test-servers.ts';
import { type Figure, median, ratioOf, type Workplace } from './part.ts';

const COUNT = 1_000;
const ROUNDS = 3;
const COMMAND_MS = 120_000;
const ROOT = join(import.meta.dirname, '..', '..');
const BIN = join(ROOT, 'node_modules', '.bin');
/** Written to standard error by our own process as it ends. */
const TELL_MEMORY = `process.on('exit', () => console.error('maxrss ' + process.resourceUsage().maxRSS))`;

interface Database {
  what: string;
  kind: 'postgres' | 'mysql' | 'sqlite';
  /** As our driver takes it, and as dbmate does. */
  address: string;
  dbmate: string;
  empty(): Promise<void>;
}

interface Ran {
  ms: number;
  stderr: string;
}

type Way = () => Promise<Ran>;

export async function migrations({ folder, say }: Workplace): Promise<Figure[]> {
  writeFolders(folder);
  const figures: Figure[] = [];
  for (const database of await databasesOf(folder, say)) {
    say(database.what);
    const ways = waysOf(folder, database);
    const times = await inTurns(ways, database);
    const [ours = [], ...others] = [...times.values()].map((runs) => runs.map(({ ms }) => ms));
    const fastest = others.toSorted((a, b) => median(a) - median(b))[0] ?? [];
    const names = [...times.keys()];
    const told = [ours, ...others].map((each, at) => `${names[at]} ${seconds(median(each))}`).join(', ');
    figures.push({
      what: `${COUNT.toLocaleString('en')} migrations on ${database.what}, start included, against the faster of ${names.slice(1).join(' and ')}`,
      measured: `${ratioOf(ours, fastest)}: ${told}`,
      ...(database.kind === 'postgres' && { budget: '<= 1.0 x' }),
    });
    const again = await Promise.resolve(ways.get('Hawker')?.());
    const memory = Math.max(...(times.get('Hawker') ?? []).map(memoryOf));
    figures.push({
      what: `The same on ${database.what}: a run that finds nothing to do; peak memory of the run that did all`,
      measured: `${seconds(again?.ms ?? Number.NaN)}; ${memory} MiB`,
    });
    await database.empty();
  }
  return figures;
}

/** Each way on an empty database, in turns; the first round warms the disk's caches and is not counted. */
async function inTurns(ways: Map<string, Way>, { empty }: Database): Promise<Map<string, Ran[]>> {
  const times = new Map([...ways.keys()].map((name) => [name, [] as Ran[]]));
  for (let round = 0; round <= ROUNDS; round++)
    for (const [name, way] of [...ways].reverse()) {
      await empty();
      const ran = await way();
      if (round > 0) times.get(name)?.push(ran);
    }
  return times;
}

function waysOf(folder: string, { kind, address, dbmate }: Database): Map<string, Way> {
  const data = join(folder, `data-${kind}`);
  const targets = join(folder, `${kind}.json`);
  const place = kind === 'sqlite' ? { path: address } : { variable: 'BENCH_DATABASE' };
  writeFileSync(
    targets,
    JSON.stringify({ targets: [{ name: 'bench', kind, address: place, folder: join(folder, 'pairs') }] }),
  );
  const env = { BENCH_DATABASE: address, HAWKER_DATABASES: targets, HAWKER_DATA: data };
  const telling = `--import=data:text/javascript,${encodeURIComponent(TELL_MEMORY)}`;
  const ways = new Map<string, Way>([
    ['Hawker', () => command(process.execPath, [telling, join(ROOT, 'scripts', 'migrate.ts'), 'up'], env, [0, 3])],
  ]);
  if (kind === 'postgres')
    ways.set('node-pg-migrate', () =>
      command(join(BIN, 'node-pg-migrate'), ['up', '-m', join(folder, 'npm'), '--no-check-order'], {
        DATABASE_URL: address,
      }),
    );
  ways.set('dbmate', () =>
    command(join(BIN, 'dbmate'), ['--no-dump-schema', '-d', join(folder, 'dbmate'), '--url', dbmate, 'up'], {}),
  );
  return ways;
}

async function command(file: string, args: string[], env: Record<string, string>, codes = [0]): Promise<Ran> {
  const began = performance.now();
  const child = spawn(file, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...env },
    timeout: COMMAND_MS,
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  const [code, stderr] = await Promise.all([ended, text(child.stderr)]);
  if (code === null || !codes.includes(code)) throw new Error(`${file} ended with ${code}: ${stderr.slice(-500)}`);
  return { ms: performance.now() - began, stderr };
}

function writeFolders(folder: string): void {
  for (const name of ['pairs', 'npm', 'dbmate']) mkdirSync(join(folder, name));
  for (let n = 1; n <= COUNT; n++) {
    const up = `CREATE TABLE t${n} (id bigint PRIMARY KEY, name text NOT NULL);\n`;
    const down = `DROP TABLE t${n};\n`;
    const padded = String(n).padStart(14, '0');
    writeFileSync(join(folder, 'pairs', `${n}_t.up.sql`), up);
    writeFileSync(join(folder, 'pairs', `${n}_t.down.sql`), down);
    writeFileSync(join(folder, 'npm', `${padded}_t.sql`), `-- Up Migration\n${up}\n-- Down Migration\n${down}`);
    writeFileSync(join(folder, 'dbmate', `${padded}_t.sql`), `-- migrate:up\n${up}\n-- migrate:down\n${down}`);
  }
}

async function databasesOf(folder: string, say: (line: string) => void): Promise<Database[]> {
  const { postgres, mysql } = await testServers();
  const databases: Database[] = [];
  if (postgres) {
    const address = new URL(postgres);
    address.pathname = '/hawker_bench';
    const { default: pg } = await import('pg');
    databases.push({
      ...{ what: 'PostgreSQL', kind: 'postgres', address: address.href },
      dbmate: `${address.href}?sslmode=disable`,
      async empty() {
        const client = new pg.Client(postgres);
        await client.connect();
        await client.query('DROP DATABASE IF EXISTS hawker_bench');
        await client.query('CREATE DATABASE hawker_bench');
        await client.end();
      },
    });
  } else say('there is no PostgreSQL at 127.0.0.1:5432 nor in POSTGRES_TEST_URL');
  if (mysql) {
    const address = new URL(mysql);
    address.pathname = '/hawker_bench';
    const { createConnection } = await import('mysql2/promise');
    databases.push({
      ...{ what: 'MariaDB', kind: 'mysql', address: address.href, dbmate: address.href },
      async empty() {
        const connection = await createConnection(mysql);
        await connection.query('DROP DATABASE IF EXISTS hawker_bench');
        await connection.query('CREATE DATABASE hawker_bench');
        await connection.end();
      },
    });
  } else say('there is no MariaDB at 127.0.0.1:3306 nor in MYSQL_TEST_URL');
  const path = join(folder, 'bench.db');
  databases.push({
    ...{ what: 'SQLite', kind: 'sqlite', address: path, dbmate: `sqlite:${path}` },
    async empty() {
      for (const end of ['', '-wal', '-shm', '-journal']) rmSync(`${path}${end}`, { force: true });
    },
  });
  return databases;
}

function memoryOf({ stderr }: Ran): number {
  return Math.round(Number(/maxrss (\d+)/.exec(stderr)?.[1]) / 1024);
}

const seconds = (ms: number) => `${(ms / 1_000).toFixed(2)} s`;
