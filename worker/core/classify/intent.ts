/**
 * Intent by rules: code, reasoning or general, from whole-word keywords and the shape of the text. The current turn decides; the previous
 * turn is read only when the current one says too little. System prompts and retrieved passages are ignored.
 */
import type { Intent, RoutingConfig } from '../../../shared/config.ts';
import { findKeywords, matcherFor } from './keyword-matcher.ts';
import { interpolate } from './signals/signal.ts';
import { tokenize, type Tokens } from './tokens.ts';
import type { RequestView } from './view.ts';

export type IntentConfig = RoutingConfig['intent'];
export type IntentLevel = 'high' | 'medium' | 'low';

export interface IntentReading {
  readonly intent: Intent;
  /** Probability that the intent is right, as measured on labelled requests (bench/routing/README.md). */
  readonly confidence: number;
  readonly level: IntentLevel;
  /** Strength of the evidence, 0 to 1. */
  readonly code: number;
  readonly reasoning: number;
  /** Keywords of the winning side; empty for general. */
  readonly found: readonly string[];
  readonly isFromHistory: boolean;
}

interface Evidence {
  readonly code: number;
  readonly reasoning: number;
  readonly codeWords: readonly string[];
  readonly reasoningWords: readonly string[];
}

/** Points of evidence → strength. One plain keyword reaches the default medium threshold, two the high one. */
const strength = [
  [0, 0],
  [1, 0.5],
  [2, 0.75],
  [4, 1],
] as const;
const codePoints = { fence: 2, codeLines: 1.5, stackFrames: 1.5, inlineCode: 1 } as const;
const mathSymbolsForOnePoint = 2;
/** Turns with fewer words may use the previous turn. */
const maxWordsToLookBack = 8;

function evidenceOf(tokens: Tokens, config: IntentConfig): Evidence {
  const codeWords = distinct(tokens, config.keywords.code);
  const reasoningWords = distinct(tokens, config.keywords.reasoning);
  return { code: codeWords.length, reasoning: reasoningWords.length, codeWords, reasoningWords };
}

function distinct(tokens: Tokens, keywords: readonly string[]): string[] {
  return [...new Set(findKeywords(tokens, matcherFor(keywords)).map((hit) => hit.keyword))];
}

function currentEvidence(view: RequestView, config: IntentConfig): Evidence {
  const words = evidenceOf(view.asked.tokens, config);
  const { ask } = view;
  const askStats = view.asked.stats;
  let code = words.code;
  if (ask.codeFences > 0) code += codePoints.fence;
  else if (ask.codeLines > 0) code += codePoints.codeLines;
  if (ask.stackLines > 0) code += codePoints.stackFrames;
  if (ask.codeFences === 0 && askStats.backticks >= 2) code += codePoints.inlineCode;
  const maths = code === 0 ? Math.min(2, askStats.mathSymbols / mathSymbolsForOnePoint) : 0;
  return { ...words, code, reasoning: words.reasoning + maths };
}

/** The rules' reading of a request. */
export function readIntent(view: RequestView, config: IntentConfig): IntentReading {
  const current = judge(currentEvidence(view, config), config, false);
  const mayLookBack = current.intent === 'general' && view.previousAsk !== '' && view.asked.stats.words <= maxWordsToLookBack;
  if (!mayLookBack || Math.max(current.code, current.reasoning) < config.thresholds.low) return current;
  const before = judge(evidenceOf(tokenize(view.previousAsk), config), config, true);
  return before.intent === 'general' ? current : before;
}

/** Strength → share of labelled requests of that strength where the intent was right; `bench/routing/eval.ts` prints the table. */
const codeConfidence = [
  [0.4, 0.8],
  [0.5, 0.88],
  [1, 0.92],
] as const;
const reasoningConfidence = [
  [0.4, 0.65],
  [0.5, 0.75],
  [1, 0.85],
] as const;
const generalConfidence = 0.75;
/** Subtracted in proportion to the evidence for the other side, and when the previous turn had to be used. */
const contestedDiscount = 0.3;
const historyDiscount = 0.1;

function judge(evidence: Evidence, config: IntentConfig, isFromHistory: boolean): IntentReading {
  const { thresholds } = config;
  const code = interpolate(strength, evidence.code);
  const reasoning = interpolate(strength, evidence.reasoning);
  const top = Math.max(code, reasoning);
  const intent: Intent = top < thresholds.medium ? 'general' : code >= reasoning ? 'code' : 'reasoning';
  const confidence = confidenceOf(intent, code, reasoning) - (isFromHistory ? historyDiscount : 0);
  const found = intent === 'code' ? evidence.codeWords : intent === 'reasoning' ? evidence.reasoningWords : [];
  return { intent, confidence, level: levelOf(confidence, config), code, reasoning, found, isFromHistory };
}

function confidenceOf(intent: Intent, code: number, reasoning: number): number {
  if (intent === 'general') return generalConfidence - Math.max(code, reasoning);
  const [own, other] = intent === 'code' ? [code, reasoning] : [reasoning, code];
  const sure = interpolate(intent === 'code' ? codeConfidence : reasoningConfidence, own);
  return sure - (contestedDiscount * other) / own;
}

/** The label of the metrics: at least `high`, at least `medium`, or low. */
export function levelOf(confidence: number, config: IntentConfig): IntentLevel {
  if (confidence >= config.thresholds.high) return 'high';
  return confidence >= config.thresholds.medium ? 'medium' : 'low';
}
