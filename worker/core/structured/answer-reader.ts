/**
 * Finds the one JSON document in an answer that may stand in a code fence or between sentences, and reads it piece by piece. It
 * holds back an opening bracket behind other text until the next character shows that a document begins there, and refuses a
 * second document.
 */
import type { LimitsConfig } from '../../../shared/config.ts';
import { createJsonDocument, type DocumentRepair, type JsonDocument } from '../json/document.ts';
import { isJsonSpace } from '../json/grammar.ts';
import type { JsonType } from '../json/value.ts';
import { createSurroundingText, type SurroundingText } from './surrounding-text.ts';
import type { ValueTracker } from './value-tracker.ts';

export type Repair = DocumentRepair | 'fence' | 'surrounding_text';

export type AnswerLimits = Pick<LimitsConfig, 'max_answer_bytes' | 'max_repair_bytes' | 'max_depth'>;

export interface AnswerReader {
  /** Returns the part of the document that is certain now; after a fault always ''. */
  read(piece: string): string;
  /** Whether the text so far holds exactly one whole document. */
  finish(): boolean;
  isBroken(): boolean;
  /** In a fixed order. */
  repairs(): readonly Repair[];
}

/** First characters of a JSON value, by the type they begin. */
const openings: ReadonlyMap<string, JsonType> = new Map([
  ['{', 'object'],
  ['[', 'array'],
  ['"', 'string'],
  ['t', 'boolean'],
  ['f', 'boolean'],
  ['n', 'null'],
  ...['-', ...'0123456789'].map((char) => [char, 'number'] as const),
]);

interface ReaderState {
  readonly tracker: ValueTracker;
  readonly rootTypes: ReadonlySet<JsonType> | null;
  readonly limits: AnswerLimits;
  readonly document: JsonDocument;
  readonly before: SurroundingText;
  readonly after: SurroundingText;
  phase: 'before' | 'document' | 'after' | 'broken';
  /** An opening bracket in other text, with the white space after it. */
  candidate: string;
  isRootScalar: boolean;
  readSoFar: number;
  /** Characters around the document that are not white space. */
  surrounding: number;
  /** Index, in the piece being read, of the next character. */
  at: number;
}

/**
 * `rootTypes` are the types the document may have, null for all. Text around it is only dropped around an object or array, and at
 * most `max_repair_bytes` of it besides white space; the answer may have `max_answer_bytes`. Both count UTF-16 units, which are never
 * more than the bytes.
 */
export function createAnswerReader(
  tracker: ValueTracker,
  rootTypes: ReadonlySet<JsonType> | null,
  limits: AnswerLimits,
): AnswerReader {
  const state: ReaderState = {
    tracker,
    rootTypes,
    limits,
    document: createJsonDocument(tracker),
    before: createSurroundingText(),
    after: createSurroundingText(),
    phase: 'before',
    candidate: '',
    isRootScalar: false,
    readSoFar: 0,
    surrounding: 0,
    at: 0,
  };
  return {
    read: (piece) => read(state, piece),
    finish: () => finish(state),
    repairs: () => repairsOf(state),
    isBroken: () => state.phase === 'broken',
  };
}

function read(state: ReaderState, text: string): string {
  const { max_answer_bytes: maxChars } = state.limits;
  const room = maxChars - state.readSoFar;
  const piece = text.length <= room ? text : text.slice(0, room);
  state.readSoFar += piece.length;
  let emit = '';
  for (state.at = 0; state.at < piece.length && state.phase !== 'broken';) {
    if (state.phase === 'document') emit += readDocument(state, piece);
    else emit += readAround(state, piece.charAt(state.at));
  }
  if (text.length > room && state.phase !== 'broken') refuse(state, `must not be larger than ${maxChars} bytes`);
  return emit;
}

function refuse(state: ReaderState, message: string): '' {
  state.phase = 'broken';
  state.tracker.fail(message);
  return '';
}

function allows({ rootTypes }: ReaderState, type: JsonType): boolean {
  return rootTypes === null || rootTypes.has(type);
}

function readDocument(state: ReaderState, piece: string): string {
  const { emit, next } = state.document.read(piece, state.at);
  state.at = next;
  const reached = state.document.state();
  if (reached !== 'open') state.phase = reached === 'done' ? 'after' : 'broken';
  return emit;
}

function enter(state: ReaderState, type: JsonType): string {
  state.phase = 'document';
  state.isRootScalar = type !== 'object' && type !== 'array';
  const { emit } = state.document.read(state.candidate, 0);
  state.candidate = '';
  if (state.document.state() === 'broken') state.phase = 'broken';
  return emit;
}

/** One character before or behind the document; does not read it when a document begins with it. */
function readAround(state: ReaderState, char: string): string {
  const isSpace = isJsonSpace(char.charCodeAt(0));
  const { max_repair_bytes: maxChars } = state.limits;
  if (!isSpace) state.surrounding += 1;
  if (state.surrounding > maxChars) return refuse(state, `must not have more than ${maxChars} bytes of other text`);
  if (state.candidate !== '') return continueCandidate(state, char);
  if (state.phase === 'before') return readBefore(state, char);
  const isFirst = state.after.isBlank() && !isSpace;
  if (isFirst && (state.isRootScalar || ',:"]}'.includes(char)))
    return refuse(state, `is not JSON: unexpected ${JSON.stringify(char)} after its end`);
  return readText(state, char);
}

function readBefore(state: ReaderState, char: string): string {
  const type = openings.get(char);
  const isContainer = type === 'object' || type === 'array';
  if (type !== undefined && state.before.isBlank() && (isContainer || allows(state, type))) return enter(state, type);
  return readText(state, char);
}

function readText(state: ReaderState, char: string): string {
  state.at += 1;
  const type = openings.get(char);
  if ((type === 'object' || type === 'array') && allows(state, type)) state.candidate = char;
  else surroundingText(state).note(char.charCodeAt(0));
  return '';
}

function surroundingText({ phase, before, after }: ReaderState): SurroundingText {
  return phase === 'before' ? before : after;
}

function continueCandidate(state: ReaderState, char: string): string {
  if (isJsonSpace(char.charCodeAt(0))) {
    state.candidate += char;
    state.at += 1;
    return '';
  }
  const isObject = state.candidate.startsWith('{');
  const isDocument = isObject ? char === '"' || char === '}' : char === ']' || openings.has(char);
  if (isDocument && state.phase === 'before') return enter(state, isObject ? 'object' : 'array');
  if (isDocument) return refuse(state, 'must be one JSON document, not several');
  for (const held of state.candidate) surroundingText(state).note(held.charCodeAt(0));
  state.candidate = '';
  return '';
}

function finish(state: ReaderState): boolean {
  const { document } = state;
  document.finish();
  if (state.phase === 'document' && document.state() === 'done') state.phase = 'after';
  if (state.phase === 'after') return true;
  if (state.phase === 'document' && document.state() === 'open') refuse(state, 'ends before the JSON document does');
  if (state.phase === 'before') refuse(state, 'must contain a JSON document');
  return false;
}

function repairsOf({ before, after, candidate, document }: ReaderState): readonly Repair[] {
  const found: Repair[] = [];
  if (before.hasFence() || after.hasFence()) found.push('fence');
  if (before.hasText() || after.hasText() || candidate !== '') found.push('surrounding_text');
  return [...found, ...[...document.repairs].sort()];
}
