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
  'logWords',
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
  'logListItems',
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

/** The last ones are the hints. */
export const hintCount = 6;

/** Beyond this, more words say nothing about how hard a request is. */
const maxWords = 15;

const log = Math.log1p;
const flag = (claim: boolean): number => (claim ? 1 : 0);

/** One value per name, in order; hints are NaN when there are none, which the scorer reads as "average". */
export function readTierFeatures(view: RequestView, counts: AskCounts, hints: Hints | null): Float64Array {
  const { ask, askStats } = view;
  const script = askStats.script;
  /** Signs and numbers of a long text are counted per `maxWords`. */
  const density = Math.min(1, maxWords / counts.words);
  return Float64Array.of(
    log(Math.min(maxWords, view.askWords)),
    counts.meanWordChars / 5,
    counts.longWords / counts.words,
    Math.min(2, askStats.questionMarks),
    log(askStats.mathSymbols * density),
    log(askStats.digits * density),
    log(counts.numbers * density),
    log(counts.commas * density),
    flag(ask.logLines > 0),
    flag(ask.rowLines > 0),
    flag(ask.stackLines > 0),
    log(ask.codeLines),
    flag(ask.codeFences > 0),
    flag(askStats.backticks > 0),
    log(ask.listItems),
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
