/**
 * Where a bench leaves its figures: bench/results/cpu-NAME.json, and one table of all of them in bench/README.md, rewritten from those
 * files whenever one is saved, so that it never says anything that no command printed.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import * as z from 'zod';
import { repoFolder } from '../../infra/wrangler.ts';
import { cores } from './process-cpu.ts';
import { workerdVersion } from './workerd.ts';

const Spread = z.object({ median: z.number(), min: z.number(), max: z.number() });

const Row = z.object({
  what: z.string(),
  /** Median of the rounds. */
  value: z.number(),
  unit: z.string(),
  /** Round by round against `base`, on the same work. */
  ratio: Spread.nullable(),
  base: z.string().nullable(),
  /** What to reach: a ratio, or a value where there is none. Printed, never asserted. */
  goal: z.string().nullable(),
});
export type Row = z.infer<typeof Row>;

const ResultFile = z.object({
  command: z.string(),
  date: z.string(),
  commit: z.string(),
  machine: z.string(),
  rounds: z.int(),
  rows: z.array(Row),
});
export type ResultFile = z.infer<typeof ResultFile>;

const folder = join(repoFolder, 'bench/results');
const readme = join(repoFolder, 'bench/README.md');
const [tableStart, tableEnd] = ['<!-- cpu results: start -->', '<!-- cpu results: end -->'];

export function createResult(command: string, rounds: number, rows: readonly Row[]): ResultFile {
  const [cpu] = cpus();
  const pinning = cores === null ? 'not pinned' : `gateways on core ${cores.gateway}, clients and mock on ${cores.driver}`;
  return {
    command,
    date: new Date().toISOString().slice(0, 10),
    commit: commitOf(),
    machine: `${cpus().length} × ${cpu?.model ?? 'unknown'}; ${pinning}; workerd ${workerdVersion}; Node ${process.versions.node}`,
    rounds,
    rows: [...rows],
  };
}

function commitOf(): string {
  try {
    const git = (...args: string[]): string => execFileSync('git', args, { cwd: repoFolder, encoding: 'utf8' }).trim();
    return `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain', 'worker') === '' ? '' : ' and changes'}`;
  } catch {
    return 'unknown';
  }
}

/** For people: aligned columns on stdout. */
export function printResult({ machine, rounds, rows }: ResultFile): void {
  const lines = [['', 'median', 'ratio (range)', 'against', 'goal'], ...rows.map(cellsOf)];
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  console.log(`${machine}; ${rounds} rounds\n`);
  for (const line of lines)
    console.log(
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    );
}

function cellsOf({ what, value, unit, ratio, base, goal }: Row): string[] {
  const range = ratio === null ? '' : `${ratio.median.toFixed(2)} (${ratio.min.toFixed(2)}-${ratio.max.toFixed(2)})`;
  return [what, `${formatValue(value)} ${unit}`, range, base ?? '', goal ?? ''];
}

function formatValue(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(value < 10 ? 2 : 1);
}

/** Writes bench/results/cpu-NAME.json and the table of the README. */
export function saveResult(name: string, result: ResultFile): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `cpu-${name}.json`), `${JSON.stringify(result, null, 2)}\n`);
  if (!existsSync(readme)) return;
  const text = readFileSync(readme, 'utf8');
  const [from, to] = [text.indexOf(tableStart), text.indexOf(tableEnd)];
  if (from < 0 || to < from) return;
  writeFileSync(readme, `${text.slice(0, from + tableStart.length)}\n\n${tableOf(readResults())}\n${text.slice(to)}`);
}

function readResults(): ResultFile[] {
  return readdirSync(folder)
    .filter((file) => /^cpu-[a-z-]+\.json$/.test(file))
    .sort()
    .map((file) => ResultFile.parse(JSON.parse(readFileSync(join(folder, file), 'utf8'))));
}

function tableOf(results: readonly ResultFile[]): string {
  const rows = results.flatMap((result) => [
    `| **\`${result.command}\`**, ${result.rounds} rounds, ${result.date}, ${result.commit} | | | | |`,
    ...result.rows.map((row) => `| ${cellsOf(row).join(' | ')} |`),
  ]);
  const machines = [...new Set(results.map(({ machine }) => machine))].map((machine) => `Machine: ${machine}.\n`);
  return ['| what | median | ratio (range) | against | goal |', '|---|---|---|---|---|', ...rows, '', ...machines].join('\n');
}
