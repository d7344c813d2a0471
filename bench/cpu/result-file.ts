/** How a CPU bench shows its figures: aligned columns on stdout, and a table of its own in bench/README.md. */
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

/** For people: aligned columns on stdout. */
export function printResult({ machine, rounds, rows }: Result): void {
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

/** Writes the table between the command's marks in bench/README.md. */
export function saveResult(name: 'relay' | 'request' | 'parser', result: Result): void {
  const readme = join(repoFolder, 'bench/README.md');
  const text = readFileSync(readme, 'utf8');
  const [start, end] = [`<!-- bench:${name}: start -->`, `<!-- bench:${name}: end -->`];
  const [from, to] = [text.indexOf(start), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`bench/README.md has no ${start} … ${end}.`);
  writeFileSync(readme, `${text.slice(0, from + start.length)}\n\n${tableOf(result)}\n\n${text.slice(to)}`);
}

function tableOf({ command, rounds, date, commit, machine, rows }: Result): string {
  return [
    '| what | median | ratio (range) | against | goal |',
    '|---|---|---|---|---|',
    `| **\`${command}\`**, ${rounds} rounds, ${date}, ${commit} | | | | |`,
    ...rows.map((row) => `| ${cellsOf(row).join(' | ')} |`),
    '',
    `Machine: ${machine}.`,
  ].join('\n');
}
