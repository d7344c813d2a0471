/** What clients think of an answer: one judgement for each request, of which the last one counts. */

export interface Rated {
  readonly score?: number;
  /** What the last rating took the place of. */
  readonly before?: number | null;
  readonly ratingId?: string;
}

/** Rates anew. The same rating once more, as after a lost answer, changes nothing. */
export function rate<Memory extends Rated>(memory: Memory, score: number, ratingId: string): Memory & Required<Rated> {
  const { score: known = null, before = null, ratingId: last } = memory;
  if (last === ratingId && known !== null) return { ...memory, score: known, before, ratingId };
  return { ...memory, score, before: known, ratingId };
}
