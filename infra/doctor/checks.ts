/** The doctor's checks in one table. Each is pure: it looks at what was read, and asks nobody. */
import type { Check, Facts, Finding } from './finding.ts';
import { measuredChecks } from './measured-checks.ts';
import { platformChecks } from './platform-checks.ts';
import { resourceChecks } from './resource-checks.ts';
import { settingsChecks } from './settings-checks.ts';

export const checks: readonly Check[] = [...settingsChecks, ...platformChecks, ...resourceChecks, ...measuredChecks];

export interface Diagnosis extends Finding {
  /** The check's id. */
  readonly check: string;
}

/** Everything that is wrong, errors first. @param codeOnly without what an operator has yet to say */
export function examine(facts: Facts, codeOnly = false): Diagnosis[] {
  const run = checks.filter(({ answeredBy }) => !codeOnly || answeredBy === 'repository');
  const found = run.flatMap(({ id, find }) => find(facts).map((finding) => ({ check: id, ...finding })));
  return found.toSorted((a, b) => Number(a.level === 'note') - Number(b.level === 'note'));
}
