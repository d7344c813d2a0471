/**
 * How much an answer of the small tier can be trusted, from what can be seen of it: token probabilities, hedging, refusals, an end that
 * came too early, nothing at all. Answer length against prompt length alone says nothing: a correct word answers a long question.
 */
import type { Classification } from '../classify/classify.ts';

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

/** Geometric mean token probability → confidence. Calibrated on nothing but plausibility; see docs/routing.md. */
const probabilityCurve = [
  [0, 0],
  [0.4, 0.35],
  [0.6, 0.65],
  [0.75, 0.85],
  [1, 1],
] as const;

const strongHedges = [
  "i'm not sure",
  'i am not sure',
  "i'm unsure",
  "i don't know",
  'i do not know',
  'i cannot determine',
  "i can't determine",
  'not entirely sure',
  "i'm not certain",
];
const weakHedges = ['maybe', 'possibly', 'might be', 'unclear', 'uncertain', 'perhaps', 'i think', 'i believe', 'could be'];
const refusals = [
  "i can't help",
  'i cannot help',
  "i'm unable to",
  'i am unable to',
  "i can't assist",
  'i cannot assist',
  "i'm sorry, but i can",
  'as an ai language model',
];
/** A refusal or a hedge at the beginning colours the whole answer; later ones may be part of what it says. */
const headChars = 400;
/** Words of the ask from which on a few words are no answer to a request for code or an explanation. */
const minAskWords = 25;
const minAnswerChars = 40;

/** Judges what is there so far; nothing here needs the whole answer. */
export function judgeAnswer(
  evidence: AnswerEvidence,
  classification: Pick<Classification, 'intent'>,
  askWords: number,
): AnswerJudgement {
  if (evidence.hasCalls) return { confidence: 1, reasons: [] };
  const found: [confidence: number, reason: string][] = [];
  const text = evidence.text.trim();
  const head = text.slice(0, headChars).toLowerCase().replaceAll('’', "'");
  if (text === '' && evidence.finishReason !== null) found.push([0, 'the answer is empty']);
  if (evidence.meanLogprob !== null) {
    const probability = Math.exp(Math.min(0, evidence.meanLogprob));
    found.push([interpolate(probability), `token probability ${probability.toFixed(2)}`]);
  }
  const refusal = refusals.find((phrase) => head.includes(phrase));
  if (refusal !== undefined) found.push([0.4, `it refuses ("${refusal}")`]);
  const strong = strongHedges.find((phrase) => head.includes(phrase));
  if (strong !== undefined) found.push([0.5, `it hedges ("${strong}")`]);
  const weak = weakHedges.filter((phrase) => hasWord(head, phrase)).length;
  if (weak > 0) found.push([Math.max(0.3, 0.95 - 0.15 * weak), `${weak} hedging ${weak === 1 ? 'word' : 'words'}`]);
  if (evidence.finishReason === 'length' && !evidence.hasOwnLimit) found.push([0.5, 'it broke off at the token limit']);
  const isShort = evidence.finishReason !== null && text.length < minAnswerChars && text !== '';
  if (isShort && askWords >= minAskWords && classification.intent !== 'general') {
    found.push([0.6, `${text.length} characters for a ${classification.intent} task`]);
  }
  found.sort(([a], [b]) => a - b);
  return { confidence: found[0]?.[0] ?? 0.9, reasons: found.filter(([value]) => value < 0.9).map(([, reason]) => reason) };
}

function hasWord(text: string, phrase: string): boolean {
  const at = text.indexOf(phrase);
  return at !== -1 && !isLetter(text[at - 1]) && !isLetter(text[at + phrase.length]);
}

function isLetter(unit: string | undefined): boolean {
  return unit !== undefined && unit >= 'a' && unit <= 'z';
}

function interpolate(x: number): number {
  let [x0, y0]: readonly [number, number] = probabilityCurve[0];
  for (const [x1, y1] of probabilityCurve) {
    if (x <= x1) return x1 === x0 ? y1 : y0 + ((x - x0) / (x1 - x0)) * (y1 - y0);
    [x0, y0] = [x1, y1];
  }
  return y0;
}
