/** Two orders of the same passages, by meaning and by words, become one. */

/** How much the first places of a list count for more than the later ones; the usual 60 is for lists of a thousand. */
const flatness = 10;

/**
 * Reciprocal rank fusion: what both lists have near their tops comes first. Scores of different scales need not be compared.
 *
 * @param lists each with the best first, by any name
 */
export function fused(lists: readonly (readonly number[])[]): number[] {
  const sums = new Map<number, number>();
  for (const list of lists)
    for (const [rank, name] of list.entries()) sums.set(name, (sums.get(name) ?? 0) + 1 / (flatness + rank));
  return [...sums].toSorted(([, a], [, b]) => b - a).map(([name]) => name);
}

const word = /[\p{L}\p{N}_]{2,64}/gu;
const mostWords = 64;

/** The words of a question, each as SQLite's full-text search takes it. */
export function wordQueries(question: string): string[] {
  const words = new Set(question.toLowerCase().match(word) ?? []);
  return [...words].slice(0, mostWords).map((one) => `"${one}"`);
}
