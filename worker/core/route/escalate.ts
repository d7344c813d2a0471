/**
 * How far an answer of the small tier can be trusted, from visible evidence: token probabilities, hedging, refusals, an early end, an empty
 * answer. The ratio of answer to prompt length is no evidence: one word can be the right answer to a long question.
 */
import type { Classification } from '../classify/classify.ts';
import { asksForText, refusals, strongHedges, weakHedges } from './hedges.ts';
import { splitVoices } from './own-words.ts';

export interface AnswerEvidence {
  readonly text: string;
  readonly hasCalls: boolean;
  /** Null while the answer is still coming in. */
  readonly finishReason: string | null;
  /** Mean natural-log probability of the tokens seen; null when the server gave none. */
  readonly meanLogprob: number | null;
  /** The client set its own limit, so an answer that ran into it is what it asked for. */
  readonly hasOwnLimit: boolean;
}

export interface AnswerJudgement {
  /** 0..1: the weakest of the pieces of evidence. */
  readonly confidence: number;
  /** What lowered it, the weakest first. */
  readonly reasons: readonly string[];
}

/** Geometric mean token probability → confidence. Plausible values, not calibrated on data; see docs/routing.md. */
const probabilityCurve = [
  [0, 0],
  [0.4, 0.35],
  [0.6, 0.65],
  [0.75, 0.85],
  [1, 1],
] as const;

/** A refusal or a hedge at the beginning colours the whole answer; later ones may be part of what it says. */
const headChars = 400;
/** From this many words in the ask, a very short answer to a request for code or an explanation is suspect. */
const minAskWords = 25;
const minAnswerChars = 40;

/**
 * Judges the answer so far; nothing here needs the whole answer.
 *
 * @param ask what was asked: hedges in a text that was ordered, or in a phrase that was asked about, are not the model's own doubt
 */
export function judgeAnswer(
  evidence: AnswerEvidence,
  classification: Pick<Classification, 'intent'>,
  askWords: number,
  ask = '',
): AnswerJudgement {
  if (evidence.hasCalls) return { confidence: 1, reasons: [] };
  const found: [confidence: number, reason: string][] = [];
  const text = evidence.text.trim();
  if (text === '' && evidence.finishReason !== null) found.push([0, 'the answer is empty']);
  if (evidence.meanLogprob !== null) {
    const probability = Math.exp(Math.min(0, evidence.meanLogprob));
    found.push([interpolate(probability), `token probability ${probability.toFixed(2)}`]);
  }
  found.push(...doubtsIn(text, ask));
  if (evidence.finishReason === 'length' && !evidence.hasOwnLimit) found.push([0.5, 'it broke off at the token limit']);
  const isShort = evidence.finishReason !== null && text.length < minAnswerChars && text !== '';
  if (isShort && askWords >= minAskWords && classification.intent !== 'general') {
    found.push([0.6, `${text.length} characters for a ${classification.intent} task`]);
  }
  found.sort(([a], [b]) => a - b);
  return { confidence: found[0]?.[0] ?? 0.9, reasons: found.filter(([value]) => value < 0.9).map(([, reason]) => reason) };
}

/** Doubts that the model expresses about its own answer. */
function doubtsIn(text: string, ask: string): [confidence: number, reason: string][] {
  const found: [confidence: number, reason: string][] = [];
  if (text === '' || asksForText(ask)) return found;
  // Quotations are removed before the text is cut to its beginning, since a quotation may extend beyond the cut.
  const head = plain(splitVoices(text.slice(0, 4 * headChars)).own).slice(0, headChars);
  const asked = plain(ask);
  const askedAbout = plain(splitVoices(ask).others);
  const refusal = refusals.find((phrase) => hasPhrase(head, phrase));
  if (refusal !== undefined) found.push([0.4, `it refuses ("${refusal}")`]);
  const strong = strongHedges.find((phrase) => hasPhrase(head, phrase) && !hasPhrase(askedAbout, phrase));
  if (strong !== undefined) found.push([0.5, `it hedges ("${strong}")`]);
  const weak = weakHedges.filter((phrase) => hasPhrase(head, phrase) && !hasPhrase(asked, phrase)).length;
  if (weak > 0) found.push([Math.max(0.3, 0.95 - 0.15 * weak), `${weak} hedging ${weak === 1 ? 'word' : 'words'}`]);
  return found;
}

function plain(text: string): string {
  return text.toLowerCase().replaceAll('’', "'");
}

/** Whether a text contains a phrase as whole words. Scripts without spaces, or with endings added to words, have no such boundary. */
function hasPhrase(text: string, phrase: string): boolean {
  for (let at = text.indexOf(phrase); at !== -1; at = text.indexOf(phrase, at + 1)) {
    const isBegun = isLetter(text[at - 1]) && isLetter(phrase[0]);
    const isGoingOn = isLetter(text[at + phrase.length]) && isLetter(phrase.at(-1));
    if (!isBegun && !isGoingOn) return true;
  }
  return false;
}

function isLetter(unit: string | undefined): boolean {
  return unit !== undefined && /[\p{Script=Latin}\p{Script=Cyrillic}]/u.test(unit);
}

function interpolate(x: number): number {
  let [x0, y0]: readonly [number, number] = probabilityCurve[0];
  for (const [x1, y1] of probabilityCurve) {
    if (x <= x1) return x1 === x0 ? y1 : y0 + ((x - x0) / (x1 - x0)) * (y1 - y0);
    [x0, y0] = [x1, y1];
  }
  return y0;
}
