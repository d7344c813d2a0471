/** The given labelled requests: what the heuristic must reach on them, and what the shipped classifier may not lose. */
import { describe, expect, it } from 'vitest';
import { macroF1 } from '../../../bench/routing/metrics.ts';
import { ownSets, readGivenRows, readOwnRows } from '../../../bench/routing/rows.ts';
import { classify } from '../../../worker/core/classify/classify.ts';
import { buildView } from '../../../worker/core/classify/view.ts';
import { loadWeights } from '../../../worker/core/classify/weights/load.ts';
import { heuristicOnly, hybrid, seed, type shipped } from './requests.ts';

const given = readGivenRows(process.env['POINTSMAN_DATA_DIR']);

function f1(rows: NonNullable<typeof given>, config: typeof shipped): number {
  const verdicts = rows
    .filter((row) => row.tier !== 'vision')
    .map((row) => ({
      isLarge: row.tier === 'large',
      saidLarge: classify(buildView(row.request), config, loadWeights()).score >= config.classifier.threshold,
    }));
  return macroF1(verdicts);
}

describe.skipIf(given === null)('the given labelled requests (POINTSMAN_DATA_DIR)', () => {
  const rows = given ?? [];
  it('heuristic: macro-F1 of at least 0.75 at the original weights and threshold', () => {
    expect(heuristicOnly.classifier.weights).toEqual({ length: 0.2, keywords: 0.35, tools: 0.2, depth: 0.1, structured: 0.15 });
    expect(f1(rows, heuristicOnly)).toBeGreaterThanOrEqual(0.75);
  });
  it('original curves: nothing goes to large, as was measured', () => {
    expect(rows.filter((row) => classify(buildView(row.request), seed, null).score >= seed.classifier.threshold)).toEqual([]);
  });
  // Trained on these rows among others: a check of the committed file. Held-out figures stand in bench/routing/README.md.
  it('hybrid: macro-F1 of at least 0.9', () => expect(f1(rows, hybrid)).toBeGreaterThanOrEqual(0.9));
  it('every vision row is known by its image parts, and no other', () => {
    expect(rows.filter((row) => buildView(row.request).images > 0 !== (row.tier === 'vision')).map((row) => row.id)).toEqual([]);
  });
});

describe('our own labelled rows', () => {
  const rows = ownSets.flatMap((set) => readOwnRows(set));
  it('are at least 25 of each kind that is reported', () => {
    for (const category of ['adversarial-easy', 'log-trivial', 'short-hard']) {
      expect(rows.filter((row) => row.category === category).length).toBeGreaterThanOrEqual(25);
    }
  });
  it('are at least 200 in eight languages', () => {
    const eight = readOwnRows('eight-languages');
    expect(eight.length).toBeGreaterThanOrEqual(200);
    expect(new Set(eight.map((row) => row.id.slice(0, 2))).size).toBe(8);
  });
  it('have ids of their own', () => expect(new Set(rows.map((row) => row.id)).size).toBe(rows.length));
  it('are classified as labelled by the shipped weights, nearly all', () => expect(f1(rows, hybrid)).toBeGreaterThanOrEqual(0.9));
});
