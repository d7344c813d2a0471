/**
 * Counts that tell how likely a small and a large model are to get a question right, and the kind of question (code, multiple choice,
 * formulas, word problems, or other prose). Each kind has its own weights.
 */
import type { RequestView } from '../view.ts';
import type { AskCounts } from './counts.ts';
import { askClasses, codeClasses, countAskClasses, countCodeClasses } from './lexicon.ts';

export const questionKinds = ['code', 'choice', 'formula', 'problem', 'prose'] as const;
export type QuestionKind = (typeof questionKinds)[number];

export const outcomeFeatureNames = [
  'logWords',
  'logSentences',
  'sentenceLength',
  'logNumbers',
  'logDigits',
  'logMath',
  'logSigns',
  'meanWordChars',
  'longWordShare',
  'distinctShare',
  'logDistinct',
  'questionMarks',
  'logNewlines',
  'capsShare',
  'prices',
  'percents',
  'logCommands',
  'logDollars',
  'logListItems',
  'logPassage',
  ...askClasses,
  'logCodeLines',
  'logCodeTokens',
  'codeIndent',
  'logLastLine',
  'logLastQuotes',
  'logLastDigits',
  'logLastCommas',
  'slices',
  'modulos',
  'logCalls',
  ...codeClasses,
] as const;

/** Answer options before a question counts as multiple choice. */
const minChoices = 3;

/** Numbers, in digits or words, before prose counts as a word problem. */
const minNumbers = 2;

/** Kind of question. */
function kindOf(view: RequestView, counts: AskCounts, numberWords: number): QuestionKind {
  if (view.ask.codeLines > 0) return 'code';
  if (view.ask.listItems >= minChoices) return 'choice';
  if (counts.commands > 0 || counts.dollars > counts.prices + 1) return 'formula';
  return counts.numbers + numberWords >= minNumbers ? 'problem' : 'prose';
}

const log = Math.log1p;
const numberWordsAt = askClasses.indexOf('numberWords');

/** The kind of question, and one value per name, in order; `counts` are those of the ask beside its passage. */
export function readOutcomeFeatures(view: RequestView, counts: AskCounts): { kind: QuestionKind; values: Float64Array } {
  const { ask, beside } = view;
  const classCounts = countAskClasses(beside.tokens);
  const { words } = counts;
  const sentences = Math.max(1, counts.sentences);
  const tokens = Math.max(1, beside.tokens.count);
  const values = [
    log(words),
    log(sentences),
    Math.min(4, words / sentences / 15),
    log(counts.numbers),
    log(beside.stats.digits),
    log(beside.stats.mathSymbols),
    log(beside.stats.signs),
    counts.meanWordChars,
    counts.longWords / words,
    counts.distinctWords / tokens,
    log(counts.distinctWords),
    Math.min(3, beside.stats.questionMarks),
    log(beside.stats.newlines),
    beside.stats.capsShare,
    counts.prices,
    counts.percents,
    log(counts.commands),
    log(counts.dollars),
    log(ask.listItems),
    log(ask.passageChars + ask.ask.length - ask.beside.length),
  ];
  const kind = kindOf(view, counts, classCounts[numberWordsAt] ?? 0);
  return { kind, values: joined([values, classCounts, readCode(view), countCodeClasses(view.codeTokens)]) };
}

/** One after the other. Spread would go through an iterator for every number, and `set` of a list through the engine's slow way. */
function joined(parts: readonly ArrayLike<number>[]): Float64Array {
  const all = new Float64Array(outcomeFeatureNames.length);
  let at = 0;
  for (const part of parts) {
    for (let from = 0; from < part.length; from += 1, at += 1) all[at] = part[from] ?? 0;
  }
  return all;
}

const QUOTE = 39;
const DOUBLE_QUOTE = 34;
const COMMA = 44;
const COLON = 58;
const PERCENT = 37;
const DOT = 46;
const OPEN_BRACKET = 91;
const CLOSE_BRACKET = 93;
const OPEN_PAREN = 40;

/** Shape of the code: its size, depth and calls, and the size of its last line, which in an exercise holds the input. */
function readCode(view: RequestView): number[] {
  const { code } = view.ask;
  if (code === '') return [log(view.ask.codeLines), 0, 0, 0, 0, 0, 0, 0, 0, 0];
  const scan = { indent: 0, slices: 0, modulos: 0, calls: 0 };
  let lineIndent = 0;
  let isLineStart = true;
  let isInBrackets = false;
  let hasDotBefore = false;
  for (let at = 0; at < code.length; at += 1) {
    const sign = code.charCodeAt(at);
    if (sign === 10) {
      isLineStart = true;
      lineIndent = 0;
      continue;
    }
    if (isLineStart && sign === 32) lineIndent += 1;
    else isLineStart = false;
    scan.indent = Math.max(scan.indent, lineIndent);
    if (sign === OPEN_BRACKET) isInBrackets = true;
    else if (sign === CLOSE_BRACKET) isInBrackets = false;
    else if (sign === COLON && isInBrackets) scan.slices += 1;
    else if (sign === PERCENT) scan.modulos += 1;
    else if (sign === DOT) hasDotBefore = true;
    else if (sign === OPEN_PAREN) {
      if (hasDotBefore) scan.calls += 1;
      hasDotBefore = false;
    } else if (sign <= 32) hasDotBefore = false;
  }
  const last = readLastLine(code.slice(code.lastIndexOf('\n') + 1));
  return [
    log(view.ask.codeLines),
    log(view.codeTokens.count),
    scan.indent / 4,
    ...last,
    scan.slices,
    scan.modulos,
    log(scan.calls),
  ];
}

function readLastLine(line: string): number[] {
  let quotes = 0;
  let digits = 0;
  let commas = 0;
  for (let at = 0; at < line.length; at += 1) {
    const sign = line.charCodeAt(at);
    if (sign === QUOTE || sign === DOUBLE_QUOTE) quotes += 1;
    else if (sign === COMMA) commas += 1;
    else if (sign >= 48 && sign <= 57) digits += 1;
  }
  return [log(line.length), log(quotes), log(digits), log(commas)];
}
