/**
 * Migrations: a folder of a thousand by the command line, start included, against node-pg-migrate and dbmate in turns; a run that finds nothing to do; and memory.
 *
 * Each run has a new database of its own, and none is dropped before the last run has ended: a database of a thousand tables is some 4,000 files, and where so many have just been deleted, ext4 looks
 * through their inodes at each file that is made, which makes runs of 2 seconds take up to 17, whoever's they are.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { testServers } from '../test-servers.ts';
import { type Figure, median, ratioOf, type Workplace } from './part.ts';

const COUNT = 1_000;
const ROUNDS = 5;
const COMMAND_MS = 120_000;
const ROOT = join(import.meta.dirname, '..', '..');
const BIN = join(ROOT, 'node_modules', '.bin');
/** Written to standard error by our own process as it ends. */
const TELL_MEMORY = `process.on('exit', () => console.error('maxrss ' + process.resourceUsage().maxRSS))`;

interface Database {
  what: string;
  kind: 'postgres' | 'mysql' | 'sqlite';
  /** Makes a new one of this name. */
  make(name: string): Promise<Place>;
  /** All that were made. */
  drop(): Promise<void>;
}

/** As our driver takes it, and as dbmate does. */
interface Place {
  address: string;
  dbmate: string;
}

interface Ran {
  ms: number;
  stderr: string;
}

type Way = (place: Place) => Promise<Ran>;

export async function migrations({ folder, say }: Workplace): Promise<Figure[]> {
  writeFolders(folder);
  const figures: Figure[] = [];
  for (const database of await databasesOf(folder, say)) {
    say(database.what);
    const ways = waysOf(folder, database);
    try {
      const { times, last } = await inTurns(ways, database);
      const [ours = [], ...others] = [...times.values()].map((runs) => runs.map(({ ms }) => ms));
      const fastest = others.toSorted((a, b) => median(a) - median(b))[0] ?? [];
      const names = [...times.keys()];
      const told = [ours, ...others].map((each, at) => `${names[at]} ${seconds(median(each))}`).join(', ');
      figures.push({
        what: `${COUNT.toLocaleString('en')} migrations on ${database.what}, start included, against the faster of ${names.slice(1).join(' and ')}`,
        measured: `${ratioOf(ours, fastest)}: ${told}`,
        ...(database.kind === 'postgres' && { budget: '<= 1.0 x' }),
      });
      const again = last && (await ways.get('Hawker')?.(last));
      const memory = Math.max(...(times.get('Hawker') ?? []).map(memoryOf));
      figures.push({
        what: `The same on ${database.what}: a run that finds nothing to do; peak memory of the run that did all`,
        measured: `${seconds(again?.ms ?? Number.NaN)}; ${memory} MiB`,
      });
    } finally {
      await database.drop();
    }
  }
  return figures;
}

/** Each way on an empty database, in turns; the first round warms the disk's caches and is not counted. `last`: where Hawker has been last. */
async function inTurns(
  ways: Map<string, Way>,
  { make }: Database,
): Promise<{ times: Map<string, Ran[]>; last: Place | undefined }> {
  const times = new Map([...ways.keys()].map((name) => [name, [] as Ran[]]));
  let last: Place | undefined;
  let made = 0;
  for (let round = 0; round <= ROUNDS; round++)
    for (const [name, way] of [...ways].reverse()) {
      const place = await make(`hawker_bench_${++made}`);
      const ran = await way(place);
      if (round > 0) times.get(name)?.push(ran);
      if (name === 'Hawker') last = place;
    }
  return { times, last };
}

function waysOf(folder: string, { kind }: Database): Map<string, Way> {
  const telling = `--import=data:text/javascript,${encodeURIComponent(TELL_MEMORY)}`;
  const hawker: Way = ({ address }) => {
    const targets = join(folder, `${kind}.json`);
    const place = kind === 'sqlite' ? { path: address } : { variable: 'BENCH_DATABASE' };
    writeFileSync(
      targets,
      JSON.stringify({ targets: [{ name: 'bench', kind, address: place, folder: join(folder, 'pairs') }] }),
    );
    const env = { BENCH_DATABASE: address, HAWKER_DATABASES: targets, HAWKER_DATA: join(folder, `data-${kind}`) };
    return command(process.execPath, [telling, join(ROOT, 'scripts', 'migrate.ts'), 'up'], env, [0, 3]);
  };
  const ways = new Map([['Hawker', hawker]]);
  if (kind === 'postgres')
    ways.set('node-pg-migrate', ({ address }) =>
      command(join(BIN, 'node-pg-migrate'), ['up', '-m', join(folder, 'npm'), '--no-check-order'], {
        DATABASE_URL: address,
      }),
    );
  ways.set('dbmate', ({ dbmate }) =>
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
    const { default: pg } = await import('pg');
    const ask = async (statements: string[]) => {
      const client = new pg.Client(postgres);
      await client.connect();
      for (const sql of statements) await client.query(sql);
      await client.end();
    };
    const [what, kind] = ['PostgreSQL', 'postgres'] as const;
    databases.push({ what, kind, ...onServer(postgres, ask, '?sslmode=disable') });
  } else say('there is no PostgreSQL at 127.0.0.1:5432 nor in POSTGRES_TEST_URL');
  if (mysql) {
    const { createConnection } = await import('mysql2/promise');
    const ask = async (statements: string[]) => {
      const connection = await createConnection(mysql);
      for (const sql of statements) await connection.query(sql);
      await connection.end();
    };
    const [what, kind] = ['MariaDB', 'mysql'] as const;
    databases.push({ what, kind, ...onServer(mysql, ask) });
  } else say('there is no MariaDB at 127.0.0.1:3306 nor in MYSQL_TEST_URL');
  databases.push({
    ...{ what: 'SQLite', kind: 'sqlite' },
    async make(name) {
      const path = join(folder, `${name}.db`);
      return { address: path, dbmate: `sqlite:${path}` };
    },
    // They go with the folder.
    async drop() {},
  });
  return databases;
}

/** `query`: of dbmate's address. */
function onServer(
  server: string,
  ask: (statements: string[]) => Promise<void>,
  query = '',
): Omit<Database, 'what' | 'kind'> {
  const made: string[] = [];
  return {
    async make(name) {
      made.push(name);
      await ask([`DROP DATABASE IF EXISTS ${name}`, `CREATE DATABASE ${name}`]);
      const address = new URL(server);
      address.pathname = `/${name}`;
      return { address: address.href, dbmate: `${address.href}${query}` };
    },
    drop: () => ask(made.splice(0).map((name) => `DROP DATABASE IF EXISTS ${name}`)),
  };
}

function memoryOf({ stderr }: Ran): number {
  return Math.round(Number(/maxrss (\d+)/.exec(stderr)?.[1]) / 1024);
}

const seconds = (ms: number) => `${(ms / 1_000).toFixed(2)} s`;
