/** Writes figures as Markdown tables, and puts them between the markers of a README. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Interval } from './metrics.ts';

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** `0.613 (0.58–0.65)` */
export function withInterval(interval: Interval, digits = 3): string {
  return `${interval.value.toFixed(digits)} (${interval.low.toFixed(2)}–${interval.high.toFixed(2)})`;
}

const start = '<!-- figures: written by eval.ts -->';
const end = '<!-- end of figures -->';

/** Puts figures between the markers of a file. */
export function replaceFigures(path: string, figures: string): void {
  const text = readFileSync(path, 'utf8');
  const from = text.indexOf(start);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`${path} has no markers for the figures`);
  writeFileSync(path, `${text.slice(0, from)}${start}\n\n${figures}\n\n${text.slice(to)}`);
}
