/** How clients rate an answer: one rating per request, the last one counts. */

export interface Rated {
  readonly score?: number;
  /** The rating that the last one replaced. */
  readonly before?: number | null;
  readonly ratingId?: string;
}

/** Replaces the rating. The same `ratingId` again, as after a lost response, changes nothing. */
export function rate<Memory extends Rated>(memory: Memory, score: number, ratingId: string): Memory & Required<Rated> {
  const { score: known = null, before = null, ratingId: last } = memory;
  if (last === ratingId && known !== null) return { ...memory, score: known, before, ratingId };
  return { ...memory, score, before: known, ratingId };
}
