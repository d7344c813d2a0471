/** The words the stand-in speaks with. Plain data; the sentences are built in prose.ts. */
import type { Random } from './random.ts';
import { pick } from './random.ts';

export type Words = readonly [string, ...string[]];

export const nouns: Words = [
  'request', 'answer', 'queue', 'buffer', 'river', 'garden', 'signal', 'index', 'table', 'harbour', 'engine', 'market',
  'station', 'window', 'ledger', 'pattern', 'bridge', 'kernel', 'letter', 'sample', 'budget', 'season', 'circuit', 'method',
  'reader', 'packet', 'valley', 'museum', 'contract', 'library', 'compiler', 'journey', 'surface', 'network', 'teacher', 'clock',
  'battery', 'protein', 'planet', 'recipe', 'vector', 'cluster', 'forest', 'policy', 'experiment', 'camera', 'language', 'company',
];
export const verbs: Words = [
  'changes', 'follows', 'carries', 'limits', 'explains', 'needs', 'shapes', 'keeps', 'moves', 'replaces', 'supports', 'holds',
  'measures', 'reaches', 'balances', 'depends on', 'feeds', 'splits', 'joins', 'protects', 'delays', 'improves', 'reveals', 'covers',
];
export const adjectives: Words = [
  'small', 'steady', 'recent', 'common', 'careful', 'slow', 'shared', 'simple', 'local', 'early', 'broad', 'useful',
  'hidden', 'regular', 'heavy', 'bright', 'typical', 'open', 'narrow', 'stable', 'complete', 'separate', 'quiet', 'modern',
];
export const adverbs: Words = ['often', 'usually', 'rarely', 'clearly', 'slowly', 'mostly', 'directly', 'always', 'partly', 'barely'];
export const links: Words = [
  'In practice', 'For example', 'As a result', 'However', 'In addition', 'By contrast', 'Most of the time', 'After that', 'In short',
  'On the other hand', 'At first', 'Over time',
];
export const greetings: Words = ['Hello', 'Hi', 'Good day', 'Hey there', 'Welcome', 'Greetings', 'Hello again', 'Nice to meet you'];
export const offers: Words = [
  'What can I do for you', 'How can I help today', 'What would you like to look at', 'Where shall we start', 'What is on your mind',
  'Which question can I take', 'Tell me what you need',
];
export const identifiers: Words = [
  'total', 'items', 'count', 'result', 'node', 'left', 'right', 'value', 'limit', 'cursor', 'state', 'bucket', 'entry', 'offset',
  'source', 'target', 'record', 'weight', 'score', 'batch',
];
export const actions: Words = ['load', 'merge', 'sort', 'parse', 'find', 'update', 'filter', 'reduce', 'encode', 'check', 'walk', 'group'];
export const places: Words = ['Paris', 'Oslo', 'Lisbon', 'Nairobi', 'Osaka', 'Lima', 'Porto', 'Dublin', 'Quito', 'Graz', 'Hanoi', 'Turin'];
export const people: Words = ['Ada', 'Linus', 'Grace', 'Edsger', 'Barbara', 'Niklaus', 'Radia', 'Dennis', 'Margaret', 'Alan', 'Frances'];

const BORING = new Set(
  'about after again also because been before being between could does doing every first from have help here into just like make more most need only other over please should show some such tell than that them then there these they thing this those through under very want were what when where which while will with would write your'.split(' '),
);

/** Up to eight of the user's own longer words, so that an answer sounds as if it had read the question. */
export function topicsOf(text: string): string[] {
  const words = text.slice(0, 4000).match(/\p{L}{4,16}/gu) ?? [];
  return [...new Set(words.map((word) => word.toLowerCase()).filter((word) => !BORING.has(word)))].slice(0, 8);
}

/** A noun, one time in three one of the topics. */
export function noun(random: Random, topics: readonly string[]): string {
  const [first, ...rest] = topics;
  return first !== undefined && random() < 0.33 ? pick(random, [first, ...rest]) : pick(random, nouns);
}
