/** A real Prometheus on loopback that scrapes one process every second, and answers questions. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../scripts/loopback.ts';
import { until } from './hawker.ts';

export interface Sample {
  metric: Record<string, string>;
  /** When, in seconds since the epoch, and what. */
  value: [number, string];
}

export interface FoundExemplars {
  seriesLabels: Record<string, string>;
  exemplars: { labels: Record<string, string>; value: string; timestamp: number }[];
}

export interface Prometheus extends AsyncDisposable {
  query(promql: string): Promise<Sample[]>;
  exemplars(promql: string): Promise<FoundExemplars[]>;
}

const READY_MS = 30_000;

export async function startPrometheus(scraped: number): Promise<Prometheus> {
  const folder = mkdtempSync(join(tmpdir(), 'prometheus-'));
  const port = await freePort();
  writeFileSync(
    join(folder, 'prometheus.yml'),
    `global: { scrape_interval: 1s, scrape_timeout: 1s }
scrape_configs: [{ job_name: hawker, static_configs: [{ targets: ["127.0.0.1:${scraped}"] }] }]
`,
  );
  const child = spawn(
    'prometheus',
    [
      `--config.file=${folder}/prometheus.yml`,
      `--storage.tsdb.path=${folder}/data`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--enable-feature=exemplar-storage',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const ended = once(child, 'exit').catch((error: unknown) => {
    said += String(error);
  });
  const stop = async () => {
    child.kill('SIGKILL');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  const get = (path: string) => fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(5_000) });
  const ask = async <T>(path: string): Promise<T> => {
    const { status, data, error } = (await (await get(path)).json()) as { status: string; data: T; error?: string };
    if (status !== 'success') throw new Error(`${path}: ${error}`);
    return data;
  };
  try {
    await until(
      async () => {
        if (child.exitCode !== null || child.pid === undefined) throw new Error(`it did not start: ${said}`);
        return get('/-/ready').then(
          ({ ok }) => ok,
          () => false,
        );
      },
      (ready) => ready,
      READY_MS,
    );
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    query: async (promql) =>
      (await ask<{ result: Sample[] }>(`/api/v1/query?query=${encodeURIComponent(promql)}`)).result,
    exemplars: (promql) => {
      const now = Date.now() / 1_000;
      const range = `start=${now - 300}&end=${now + 10}`;
      return ask<FoundExemplars[]>(`/api/v1/query_exemplars?query=${encodeURIComponent(promql)}&${range}`);
    },
    [Symbol.asyncDispose]: stop,
  };
}
