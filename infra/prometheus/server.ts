/** A Prometheus from Debian's package on a separate port, for tests: scrapes a gateway as an operator's would, and answers queries. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import { freePort } from '../port.ts';
import { until } from '../rig/waiting.ts';

export interface PrometheusOptions {
  /** Origin of the gateway. */
  readonly url: string;
  readonly token: string;
  readonly scrapeSeconds: number;
  readonly ruleFiles?: readonly string[];
}

export interface Prometheus {
  /** The present values of an expression. */
  query(expression: string): Promise<readonly Sample[]>;
  /** Scrapes that failed, with what was wrong. */
  scrapeErrors(): Promise<readonly string[]>;
  stop(): Promise<void>;
}

export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const QueryAnswer = z.object({
  data: z.object({
    result: z.array(z.object({ metric: z.record(z.string(), z.string()), value: z.tuple([z.number(), z.string()]) })),
  }),
});
const TargetsAnswer = z.object({ data: z.object({ activeTargets: z.array(z.object({ lastError: z.string() })) }) });

export async function startPrometheus({ url, token, scrapeSeconds, ruleFiles = [] }: PrometheusOptions): Promise<Prometheus> {
  const folder = mkdtempSync(join(tmpdir(), 'pointsman-prometheus-'));
  const port = await freePort();
  const config = {
    global: { scrape_interval: `${scrapeSeconds}s`, evaluation_interval: `${scrapeSeconds}s` },
    rule_files: ruleFiles,
    scrape_configs: [
      {
        job_name: 'pointsman',
        metrics_path: '/metrics',
        authorization: { credentials: token },
        static_configs: [{ targets: [new URL(url).host] }],
      },
    ],
  };
  // JSON is YAML.
  writeFileSync(join(folder, 'prometheus.yml'), JSON.stringify(config));
  const child = spawn(
    'prometheus',
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let output = '';
  child.stderr.on('data', (text: Buffer) => (output = (output + text.toString()).slice(-100_000)));
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  const ask = async (path: string): Promise<unknown> => (await fetch(`http://127.0.0.1:${port}${path}`)).json();
  try {
    const isReady = async () => (await fetch(`http://127.0.0.1:${port}/-/ready`).catch(() => null))?.ok === true;
    await until('Prometheus is ready', isReady, 20_000);
  } catch (error) {
    await stop();
    throw new Error(`${String(error)}\n${output}`, { cause: error });
  }
  return {
    async query(expression) {
      const answer = QueryAnswer.parse(await ask(`/api/v1/query?query=${encodeURIComponent(expression)}`));
      return answer.data.result.map(({ metric, value: [, value] }) => ({ labels: metric, value: Number(value) }));
    },
    async scrapeErrors() {
      const { data } = TargetsAnswer.parse(await ask('/api/v1/targets'));
      return data.activeTargets.map(({ lastError }) => lastError).filter((error) => error !== '');
    },
    stop,
  };
}
