/** The doctor's findings and figures as lines for people. */
import type { Diagnosis } from './checks.ts';
import type { BundlePart } from './dry-run.ts';
import type { Facts } from './finding.ts';
import { gzipGoalKiB, startupGoalMs } from './measured-checks.ts';

/** A part that saves less when left out shares a line with others. */
const leastShownKiB = 2;

/** Sizes, bindings and times, where they were measured. */
export function figureLines({ dryRuns, startupMs }: Facts): string[] {
  const lines: string[] = [];
  for (const [environment, { size }] of Object.entries(dryRuns ?? {})) {
    if (size === null) continue;
    const { gzipKiBWithoutWeights: without, gzipKiB, kiB, parts } = size;
    const sizes = `${without.toFixed(1)} KiB gzip without weights, ${gzipKiB.toFixed(1)} with (${kiB.toFixed(0)} KiB plain)`;
    lines.push(`${environment.padEnd(12)} ${sizes} (goal ${gzipGoalKiB} without weights)`);
    // All run the same code, so one composition is enough.
    if (environment === 'development') lines.push(...partLines(parts));
  }
  const [first] = Object.values(dryRuns ?? {});
  if (first !== undefined) lines.push(`${'bindings'.padEnd(12)} ${first.bindings.join(', ')}`);
  if (startupMs !== null)
    lines.push(`${'start-up'.padEnd(12)} ${startupMs.toFixed(0)} ms active on this machine (goal ${startupGoalMs})`);
  return lines;
}

/** What is worth a line; the small rest in one. */
function partLines(parts: readonly BundlePart[]): string[] {
  const large = parts.filter((part) => part.gzipKiB >= leastShownKiB);
  const rest = parts.filter((part) => part.gzipKiB < leastShownKiB);
  const sum = (of: (part: BundlePart) => number): number => rest.reduce((total, part) => total + of(part), 0);
  const others = { name: `${rest.length} others`, kiB: sum(({ kiB }) => kiB), gzipKiB: sum(({ gzipKiB }) => gzipKiB) };
  return [...large, others].map(
    ({ name, kiB, gzipKiB }) =>
      `  ${name.padEnd(24)} ${gzipKiB.toFixed(1).padStart(5)} KiB gzip ${kiB.toFixed(1).padStart(7)} plain`,
  );
}

/** Each finding in two lines: where and what, then what to do. */
export function findingLines(found: readonly Diagnosis[]): string[] {
  return found.flatMap(({ level, where, what, fix, check }) => [
    `${level === 'error' ? '✗' : '·'} ${where}: ${what} [${check}]`,
    `    ${fix}`,
  ]);
}

export function verdictLine(found: readonly Diagnosis[], environments: readonly string[], checkCount: number): string {
  const errors = found.filter(({ level }) => level === 'error').length;
  const about = environments.join(' and ');
  const notes = found.length - errors;
  const rest = notes === 0 ? '' : `, ${notes} ${notes === 1 ? 'note' : 'notes'}`;
  if (errors === 0) return `${checkCount} checks of ${about}: nothing stands against a deployment${rest}.`;
  return `${checkCount} checks of ${about}: not deployable yet, ${errors} ${errors === 1 ? 'mistake' : 'mistakes'}${rest}.`;
}
