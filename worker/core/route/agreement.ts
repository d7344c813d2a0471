/** How far two answers agree, from 0 to 1, by the words they share. A rough measure, good for trends but not for single verdicts. */

/** Words looked at per answer; the rest changes little and costs time. */
const maxWords = 2000;

/** Dice coefficient over the distinct words (Dice, 1945): 1 for the same words, 0 for none in common, 1 for two empty texts. */
export function agreement(a: string, b: string): number {
  const left = distinctWords(a);
  const right = distinctWords(b);
  if (left.size + right.size === 0) return 1;
  let shared = 0;
  for (const word of left) if (right.has(word)) shared += 1;
  return (2 * shared) / (left.size + right.size);
}

function distinctWords(text: string): ReadonlySet<string> {
  return new Set((text.toLowerCase().match(/[\p{L}\p{N}]{1,64}/gu) ?? []).slice(0, maxWords));
}
