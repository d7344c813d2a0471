/** The stand-in's vocabulary. Plain data; prose.ts builds the sentences. */
import type { Random } from './random.ts';
import { pick } from './random.ts';

export type Words = readonly [string, ...string[]];

function words(text: string): Words {
  const [first = '', ...rest] = text.split(/,\s+/);
  return [first, ...rest];
}

export const nouns = words(`request, answer, queue, buffer, river, garden, signal, index, table, harbour, engine, market, station,
  window, ledger, pattern, bridge, kernel, letter, sample, budget, season, circuit, method, reader, packet, valley, museum, contract,
  library, compiler, journey, surface, network, teacher, clock, battery, protein, planet, recipe, vector, cluster, forest, policy,
  experiment, camera, language, company`);
export const verbs = words(`changes, follows, carries, limits, explains, needs, shapes, keeps, moves, replaces, supports, holds,
  measures, reaches, balances, depends on, feeds, splits, joins, protects, delays, improves, reveals, covers`);
export const adjectives =
  words(`small, steady, recent, common, careful, slow, shared, simple, local, early, broad, useful, hidden,
  regular, heavy, bright, typical, open, narrow, stable, complete, separate, quiet, modern`);
export const adverbs = words('often, usually, rarely, clearly, slowly, mostly, directly, always, partly, barely');
export const links =
  words(`In practice, For example, As a result, However, In addition, By contrast, Most of the time, After that,
  In short, On the other hand, At first, Over time`);
export const greetings = words('Hello, Hi, Good day, Hey there, Welcome, Greetings, Hello again, Nice to meet you');
export const offers = words(`What can I do for you, How can I help today, What would you like to look at, Where shall we start,
  What is on your mind, Which question can I take, What do you need`);
export const identifiers =
  words(`total, items, count, result, node, left, right, value, limit, cursor, state, bucket, entry, offset,
  source, target, record, weight, score, batch`);
export const actions = words('load, merge, sort, parse, find, update, filter, reduce, encode, check, walk, group');
export const places = words('Paris, Oslo, Lisbon, Nairobi, Osaka, Lima, Porto, Dublin, Quito, Graz, Hanoi, Turin');
export const people = words('Ada, Linus, Grace, Edsger, Barbara, Niklaus, Radia, Dennis, Margaret, Alan, Frances');

const boring = new Set(
  words(`about, after, again, also, because, been, before, being, between, could, does, doing, every, first, from, have, help, here,
    into, just, like, make, more, most, need, only, other, over, please, should, show, some, such, tell, than, that, them, then, there,
    these, they, thing, this, those, through, under, very, want, were, what, when, where, which, while, will, with, would, write, your`),
);

/** Up to eight of the user's own longer words, so that an answer sounds as if it had read the question. */
export function topicsOf(text: string): string[] {
  const longer = text.slice(0, 4000).match(/\p{L}{4,16}/gu) ?? [];
  return [...new Set(longer.map((word) => word.toLowerCase()).filter((word) => !boring.has(word)))].slice(0, 8);
}

/** A noun, one time in three one of the topics. */
export function noun(random: Random, topics: readonly string[]): string {
  const [first, ...rest] = topics;
  return first !== undefined && random() < 0.33 ? pick(random, [first, ...rest]) : pick(random, nouns);
}
