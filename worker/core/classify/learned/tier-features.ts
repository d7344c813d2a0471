/** Counts that tell how demanding a request is and what it is about; with the heuristic's own readings as hints in mode `hybrid`. */
import type { RequestView } from '../view.ts';
import type { AskCounts } from './counts.ts';

/** What the rules found; null in mode `learned`, which then scores by the text alone. */
export interface Hints {
  readonly heuristicScore: number;
  readonly keywordValue: number;
  /** Distinct keywords found, discounted ones included. */
  readonly keywords: number;
  readonly codeStrength: number;
  readonly reasoningStrength: number;
}

export const tierFeatureNames = [
  'logListItems',
  'logAllWords',
  'logSentences',
  'logAllMath',
  'logAllDigits',
  'logAllNumbers',
  'logWords',
  'logMoreWords',
  'isBrief',
  'meanWordChars',
  'longWordShare',
  'questionMarks',
  'logMath',
  'logDigits',
  'logNumbers',
  'logCommas',
  'hasLog',
  'hasRows',
  'hasStack',
  'logCodeLines',
  'hasFence',
  'hasInlineCode',
  'logOptions',
  'logPassage',
  'hasTools',
  'hasToolResults',
  'wantsJson',
  'logProperties',
  'isLatin',
  'isUnspaced',
  'heuristicScore',
  'keywordValue',
  'logKeywords',
  'keywordShare',
  'codeStrength',
  'reasoningStrength',
] as const;

/** The first ones grow with the length of a request, which tells its subject but not its difficulty: the tier head ignores them. */
export const intentOnlyCount = 6;
/** The last ones are the hints. */
export const hintCount = 6;

/** Beyond this, more words say nothing about how hard a request is. */
const maxWords = 15;
/** Cap for numbers and signs: long texts have many of them whatever they are about. */
const maxSigns = 8;
/** A request of this few words has its own weight. */
const fewWords = 6;

const log = Math.log1p;
const flag = (claim: boolean): number => (claim ? 1 : 0);

/** One value per name, in order; hints are NaN when there are none, which the scorer reads as "average". */
export function readTierFeatures(view: RequestView, counts: AskCounts, hints: Hints | null): Float64Array {
  const { ask } = view;
  const askStats = view.asked.stats;
  const script = askStats.script;
  return Float64Array.of(
    log(ask.listItems),
    log(view.askWords),
    log(counts.sentences),
    log(askStats.mathSymbols),
    log(askStats.digits),
    log(counts.numbers),
    log(Math.min(fewWords, view.askWords)),
    log(Math.max(0, Math.min(maxWords, view.askWords) - fewWords)),
    flag(view.askWords <= fewWords),
    counts.meanWordChars / 5,
    counts.longWords / counts.words,
    Math.min(2, askStats.questionMarks),
    log(Math.min(maxSigns, askStats.mathSymbols)),
    log(Math.min(2 * maxSigns, askStats.digits)),
    log(Math.min(maxSigns, counts.numbers)),
    log(Math.min(maxSigns, counts.commas)),
    flag(ask.logLines > 0),
    flag(ask.rowLines > 0),
    flag(ask.stackLines > 0),
    log(ask.codeLines),
    flag(ask.codeFences > 0),
    flag(askStats.backticks > 0),
    log(ask.options),
    log(ask.passageChars) / 5,
    flag(view.tools > 0),
    flag(view.toolResults > 0),
    flag(view.responseFormat !== null && view.responseFormat !== 'text'),
    log(view.schemaProperties),
    flag(script === 'latin'),
    flag(script === 'han' || script === 'kana' || script === 'hangul' || script === 'thai'),
    ...(hints === null ? noHints : hintValues(hints, counts.words)),
  );
}

const noHints = Array.from({ length: hintCount }, () => Number.NaN);

function hintValues(hints: Hints, words: number): number[] {
  return [
    hints.heuristicScore * 2,
    hints.keywordValue,
    log(hints.keywords),
    Math.min(1, hints.keywords / words) * 5,
    hints.codeStrength,
    hints.reasoningStrength,
  ];
}
