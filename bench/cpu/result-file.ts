/** How a CPU bench shows its figures: aligned columns on stdout, and its table in bench/README.md. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { cores } from '../../infra/rig/process-cpu.ts';
import { workerdVersion } from '../../infra/rig/workerd.ts';
import { repoFolder } from '../../infra/wrangler.ts';
import type { Spread } from './statistics.ts';

export interface Row {
  readonly what: string;
  /** Median of the rounds. */
  readonly value: number;
  readonly unit: string;
  /** Round by round against `base`, on the same work. */
  readonly ratio: Spread | null;
  readonly base: string | null;
  /** What to reach: a ratio, or a value where there is none. Printed, never asserted. */
  readonly goal: string | null;
}

export interface Result {
  readonly command: string;
  readonly date: string;
  readonly commit: string;
  readonly machine: string;
  readonly rounds: number;
  readonly rows: readonly Row[];
}

export function createResult(command: string, rounds: number, rows: readonly Row[]): Result {
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

/** Machine, versions and rounds. */
export function headOf({ machine, rounds }: Result): string {
  return `${machine}; ${rounds} rounds`;
}

/** For people: aligned columns on stdout. */
export function printResult(result: Result, { hasHead = true } = {}): void {
  if (hasHead) console.log(`${headOf(result)}\n`);
  printColumns([['', 'median', 'ratio (range)', 'against', 'goal'], ...result.rows.map(cellsOf)]);
}

export function printColumns(lines: readonly (readonly string[])[]): void {
  const widths = (lines[0] ?? []).map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  for (const line of lines) {
    const padded = line.map((cell, column) => cell.padEnd(widths[column] ?? 0));
    console.log(padded.join('  ').trimEnd());
  }
}

function cellsOf({ what, value, unit, ratio, base, goal }: Row): string[] {
  return [what, `${formatValue(value)} ${unit}`.trim(), ratio === null ? '' : formatRange(ratio), base ?? '', goal ?? ''];
}

/** Median and range, as ratios are written, or as `formatValue` writes values. */
export function formatRange({ median, min, max }: Spread, isValue = false): string {
  const write = isValue ? formatValue : (ratio: number): string => ratio.toFixed(2);
  return `${write(median)} (${write(min)}-${write(max)})`;
}

export function formatValue(value: number): string {
  return Number.isInteger(value) || value >= 100 ? value.toFixed(0) : value.toFixed(value < 10 ? 2 : 1);
}

/** Writes the table between the command's marks in bench/README.md. */
export function saveResult(name: 'relay' | 'parser', result: Result): void {
  saveTable(name, tableOf(result));
}

/** Writes Markdown between the command's marks in bench/README.md. */
export function saveTable(name: 'relay' | 'parser' | 'overhead' | 'ablation', table: string): void {
  const readme = join(repoFolder, 'bench/README.md');
  const text = readFileSync(readme, 'utf8');
  const [start, end] = [`<!-- bench:${name}: start -->`, `<!-- bench:${name}: end -->`];
  const [from, to] = [text.indexOf(start), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`bench/README.md has no ${start} … ${end}.`);
  writeFileSync(readme, `${text.slice(0, from + start.length)}\n\n${table}\n\n${text.slice(to)}`);
}

export function tableOf({ command, rounds, date, commit, machine, rows }: Result): string {
  return [
    '| what | median | ratio (range) | against | goal |',
    '|---|---|---|---|---|',
    `| **\`${command}\`**, ${rounds} rounds, ${date}, ${commit} | | | | |`,
    ...rows.map((row) => `| ${cellsOf(row).join(' | ')} |`),
    '',
    `Machine: ${machine}.`,
  ].join('\n');
}
