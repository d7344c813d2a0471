/**
 * Deterministic vectors that carry some meaning: a text is the sum of its words, each a fixed pseudo-random direction. Words of one synonym group
 * share a direction, words that are spelled alike share a part of one, and common words weigh little. Nothing is trained or downloaded.
 */
import { synonymGroups } from './synonyms.ts';

export const nativeDimensions = 384;

/** Words that say nothing of a text's subject. */
const stopWords = new Set(
  `a an the and or but if then than so as of in on at by for from to with without into onto over under about is are was were be been being am do does
  did doing have has had having it its this that these those there here he she they them his her their i me my we us our you your what which who whom
  whose when where how can could may might shall should will would must not no nor only just also very too more most much many some any all each every
  other another such own same up down out off again once because while until during before after between both few both example exampl`.split(
    /\s+/,
  ),
);

const wordWeight = 1;
const groupWeight = 1.2;
const spellingWeight = 0.35;
const stopWeight = 0.05;

const groupOf = new Map(synonymGroups.flatMap((group, i) => group.map((word) => [stem(word), i] as const)));
const directions = new Map<string, Float64Array>();
const maxDirections = 20_000;

/** Unit length. Texts without any word have the direction of nothing. */
export function embed(text: string, dimensions = nativeDimensions): number[] {
  const sum = new Float64Array(nativeDimensions);
  const counts = new Map<string, number>();
  for (const word of wordsOf(text)) counts.set(word, (counts.get(word) ?? 0) + 1);
  for (const [word, count] of counts) addWord(sum, word, 1 + Math.log(count));
  if (counts.size === 0) add(sum, 'nothing', 1);
  return unit(Array.from(sum.slice(0, dimensions)));
}

export function cosine(a: readonly number[], b: readonly number[]): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
}

export function wordsOf(text: string): string[] {
  return (
    text
      .toLowerCase()
      .normalize('NFKC')
      .match(/[\p{L}\p{N}]+/gu) ?? []
  );
}

function addWord(sum: Float64Array, word: string, times: number): void {
  const root = stem(word);
  if (stopWords.has(word) || stopWords.has(root)) return add(sum, `word ${root}`, stopWeight * times);
  const group = groupOf.get(root);
  add(sum, `word ${root}`, wordWeight * times);
  if (group !== undefined) add(sum, `group ${group}`, groupWeight * times);
  const framed = `<${root}>`;
  const grams = Array.from({ length: Math.max(1, framed.length - 2) }, (_, i) => framed.slice(i, i + 3));
  for (const gram of grams) add(sum, `gram ${gram}`, (spellingWeight * times) / Math.sqrt(grams.length));
  return undefined;
}

function add(sum: Float64Array, name: string, weight: number): void {
  const direction = directionOf(name);
  for (let i = 0; i < sum.length; i += 1) sum[i] = (sum[i] ?? 0) + weight * (direction[i] ?? 0);
}

/** Pseudo-random and nearly at right angles to every other. */
function directionOf(name: string): Float64Array {
  const known = directions.get(name);
  if (known !== undefined) return known;
  let state = 0x81_1c_9d_c5;
  for (let i = 0; i < name.length; i += 1) state = Math.imul(state ^ name.charCodeAt(i), 0x01_00_01_93);
  const scale = 1 / Math.sqrt(nativeDimensions);
  const made = Float64Array.from({ length: nativeDimensions }, () => {
    state = Math.imul(state ^ (state >>> 15), 0x2c_1b_3c_6d) + 0x9e_37_79_b9;
    let mixed = Math.imul(state ^ (state >>> 12), 0x29_7a_2d_39);
    mixed ^= mixed >>> 15;
    return (mixed & 1) === 0 ? scale : -scale;
  });
  if (directions.size >= maxDirections) directions.clear();
  directions.set(name, made);
  return made;
}

function unit(values: number[]): number[] {
  const length = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0)) || 1;
  return values.map((value) => Math.fround(value / length));
}

/** Cuts the common endings of English words, so that inflections meet. */
export function stem(word: string): string {
  let root = word;
  if (root.length > 4)
    root = root
      .replace(/(?:ies)$/, 'y')
      .replace(/(?<=ss|sh|ch|x)es$/, '')
      .replace(/(?<![su])s$/, '');
  if (root.length > 5)
    root = root
      .replace(/(?:ing|ed)$/, '')
      .replace(/(?:ation|ations)$/, 'at')
      .replace(/(?<=[^aeiou])e$/, '');
  else if (root.length > 4) root = root.replace(/(?<=[^aeiou])e$/, '');
  return root.replace(/([^aeiouls])\1$/, '$1');
}
