/** What is to be reached, figure by figure. Printed beside what was measured, never asserted. */
import { overheadRows } from './overhead-rows.ts';
import { valueKey, type Values } from './overhead-run.ts';
import type { Row } from './result-file.ts';
import { ratioOf, spreadOf } from './statistics.ts';

interface Goal {
  readonly row: string;
  /** Its place among the row's figures; the first unless given. */
  readonly figure?: number;
  /** What the gateway's figure is divided by: a target in the same row, or the gateway in another. Neither for absolute figures. */
  readonly over?: string;
  readonly overRow?: string;
  /** Null where none is set: what is compared is of another kind. */
  readonly goal: string | null;
}

const goals: readonly Goal[] = [
  { row: 'requests-32', over: 'hono', goal: '≤ 1.9' },
  { row: 'requests-32', over: 'peer', goal: '< 1' },
  { row: 'requests-32', over: 'litellm', goal: '< 1' },
  // Native code that does less; nothing in JavaScript is to be measured by it.
  { row: 'requests-32', over: 'vllm-router', goal: null },
  { row: 'paced', over: 'vllm-router', goal: null },
  { row: 'requests-32', figure: 1, over: 'peer', goal: '> 1' },
  { row: 'requests-1', figure: 1, over: 'peer', goal: '> 1' },
  { row: 'budget', over: 'hono', overRow: 'requests-32', goal: '≤ 3.5' },
  { row: 'new-conversations', overRow: 'requests-32', goal: '≤ 1.2' },
  { row: '500-tokens', overRow: 'requests-32', goal: '≤ 1.2' },
  { row: 'no-max-tokens', overRow: '500-tokens', goal: '≤ 1' },
  { row: 'first-byte', over: 'pump', goal: '≤ 1.3' },
  { row: 'paced', over: 'pump', goal: '≤ 1.15' },
  { row: 'paced-tools', over: 'pump', overRow: 'paced', goal: '≤ 1.4' },
  { row: 'burst', over: 'pump', goal: '≤ 1.2' },
  { row: 'burst-tools', over: 'pump', overRow: 'burst', goal: '≤ 1.4' },
  { row: 'lag', over: 'pump', goal: '≤ 1.2' },
  { row: 'held', goal: '≥ 256, or the pump’s' },
  { row: 'heap', figure: 1, goal: '≤ 64' },
  { row: 'heap', figure: 2, goal: 'as after 2,000' },
];

/** Of every goal whose figures were measured. */
export function goalRows(values: Values): Row[] {
  return goals.flatMap(({ row, figure = 0, over = null, overRow = row, goal }) => {
    const own = values.get(valueKey(row, figure, 'gateway'));
    const isAlone = over === null && overRow === row;
    const base = isAlone ? null : (values.get(valueKey(overRow, figure, over ?? 'gateway')) ?? null);
    const shown = overheadRows.find(({ id }) => id === row)?.figures[figure];
    if (own === undefined || shown === undefined || (base === null && !isAlone)) return [];
    return {
      what: shown.title,
      value: spreadOf(own).median,
      unit: shown.unit,
      ratio: base === null ? null : ratioOf(own, base),
      base: over ?? (isAlone ? null : `${overRow}`),
      goal,
    };
  });
}
