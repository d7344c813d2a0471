/**
 * Extra training rows made from labelled ones: big words around a request, a pasted log, courtesies, typos. What is asked stays the
 * same, so the label does, too. Only ever made from rows of the training folds.
 */
import type { InnerRequest } from '../../worker/core/request/inner-request.ts';
import { dress } from './dressings.ts';
import { writeLog } from './material.ts';
import { fnvOf } from '../../worker/core/text/fnv.ts';
import { pick, seeded, type Random } from './random.ts';
import type { LabelledRow } from './rows.ts';
import { brevities, stuffings, writeStuffing } from './stuffing.ts';
import { writeText } from './texts.ts';

export const courtesies: readonly string[] = [
  'please',
  'thanks!',
  'Thank you so much in advance.',
  'I would really appreciate your help.',
  'Cheers',
  'Many thanks',
];
const openings: readonly string[] = ['hi, ', 'Hey! ', 'Hello, quick question: ', 'Could you please help me? ', 'simple one: '];

/** Swaps two neighbouring letters or drops one, about once in `everyWords` words. */
export function addTypos(text: string, random: Random, everyWords: number): string {
  return text
    .split(' ')
    .map((word) => {
      if (word.length < 4 || !/^[\p{L}]+$/u.test(word) || random() > 1 / everyWords) return word;
      const at = 1 + Math.floor(random() * (word.length - 2));
      return random() < 0.5
        ? word.slice(0, at) + word.slice(at + 1)
        : word.slice(0, at) + word.charAt(at + 1) + word.charAt(at) + word.slice(at + 2);
    })
    .join(' ');
}

/** The request with its last user turn rewritten; null when that turn has parts. */
export function withLastTurn(request: InnerRequest, rewrite: (text: string) => string): InnerRequest | null {
  const at = request.messages.findLastIndex((message) => message.role === 'user');
  const message = request.messages[at];
  if (message === undefined || message.role !== 'user' || typeof message.content !== 'string') return null;
  const messages = [...request.messages];
  messages[at] = { role: 'user', content: rewrite(message.content) };
  return { ...request, messages };
}

function languageOf(row: LabelledRow): string {
  const prefix = row.id.slice(0, 2);
  return row.set === 'eight-languages' && prefix in stuffings ? prefix : 'en';
}

const maxStuffedChars = 240;

/** These carry material already. */
const laden = /^(?:log|rag|text|listing)-/;
const shareBesideText = 0.25;

/** Variants of one row. */
export function augment(row: LabelledRow): LabelledRow[] {
  if (row.tier === 'vision') return [];
  const random = seeded(fnvOf(`augment ${row.id}`));
  const rewrites: [string, (text: string) => string][] = laden.test(row.category) ? [] : shortRewrites(row, random);
  rewrites.push(['dressed', (text) => dress(text, random)], ['dressed again', (text) => dress(text, random)]);
  const variants: LabelledRow[] = [];
  for (const [name, rewrite] of rewrites) {
    const request = withLastTurn(row.request, rewrite);
    if (request !== null) variants.push({ ...row, id: `${row.id}+${name}`, request });
  }
  return variants;
}

/** For rows without material. */
function shortRewrites(row: LabelledRow, random: Random): [string, (text: string) => string][] {
  const rewrites: [string, (text: string) => string][] = [];
  const language = languageOf(row);
  const stuffing = stuffings[language] ?? [];
  const isShort = (text: string): boolean => text.length <= maxStuffedChars;
  const stuff = (text: string): string => {
    if (!isShort(text)) return text;
    const frame = language === 'en' && random() < 0.7 ? writeStuffing(random) : pick(stuffing, random);
    const brevity = row.tier === 'small' && language === 'en' && random() < 0.2 ? ` ${pick(brevities, random)}` : '';
    return frame.replace('{}', () => text) + brevity;
  };
  if (row.category !== 'adversarial-easy') {
    rewrites.push(['stuffed', stuff]);
    if (row.tier === 'small') rewrites.push(['stuffed again', stuff], ['stuffed thrice', stuff]);
    rewrites.push(['pasted', (text) => (random() < 0.5 ? `${writeLog(random, 12)}\n\n${text}` : text)]);
  }
  rewrites.push([
    'courteous',
    (text) => (random() < 0.5 ? `${text} ${pick(courtesies, random)}` : pick(openings, random) + text),
  ]);
  rewrites.push(['typos', (text) => addTypos(text, random, 4)]);
  if (random() < shareBesideText)
    rewrites.push([
      'beside a text',
      (text) => {
        const material = writeText(random, 10 + Math.floor(random() * 15));
        return random() < 0.5 ? `${text}\n\n${material}` : `${material}\n\n${text}`;
      },
    ]);
  return rewrites;
}
