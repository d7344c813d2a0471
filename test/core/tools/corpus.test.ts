import { describe, expect, it } from 'vitest';
import { corpus, expectOutcome, finishOf, optionsOf, run, textDeltas, nativeDeltas } from './corpus.ts';
describe.each([...corpus.keys()])('%s', (name) => {
  it.each((corpus.get(name) ?? []).map((row) => [row.id, row.note, row] as const))('%s %s', (_id, _note, row) => {
    if (row.format === 'native') { const { deltas, finish } = nativeDeltas(row); expectOutcome(row, run(optionsOf(row), deltas, finish)); return; }
    expectOutcome(row, run(optionsOf(row), textDeltas([row.text]), finishOf(row)));
    expectOutcome(row, run(optionsOf(row), textDeltas([...row.text]), finishOf(row)));
  });
});
