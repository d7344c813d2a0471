/**
 * Finds the one JSON document in an answer that may stand in a code fence or between sentences, and reads it piece by piece. It
 * holds back an opening bracket behind other text until the next character shows that a document begins there, and refuses a
 * second document.
 */
import type { LimitsConfig } from '../../../shared/config.ts';
import { createJsonDocument, type DocumentRepair } from '../json/document.ts';
import { isJsonSpace } from '../json/grammar.ts';
import type { JsonType } from '../json/value.ts';
import { createSurroundingText } from './surrounding-text.ts';
import type { ValueTracker } from './value-tracker.ts';

export type Repair = DocumentRepair | 'fence' | 'surrounding_text';

export type AnswerLimits = Pick<LimitsConfig, 'max_answer_bytes' | 'max_repair_bytes' | 'max_depth'>;

export interface AnswerReader {
  /** Returns the part of the document that is certain now. After a fault it returns '' for ever. */
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

/**
 * `rootTypes` are the types the document may have, null for all. Text around it is only dropped around an object or array, and at
 * most `max_repair_bytes` of it beside white space; the answer may have `max_answer_bytes`. Both count UTF-16 units, of which
 * there are never more than bytes.
 */
export function createAnswerReader(
  tracker: ValueTracker,
  rootTypes: ReadonlySet<JsonType> | null,
  limits: AnswerLimits,
): AnswerReader {
  const document = createJsonDocument(tracker);
  const before = createSurroundingText();
  const after = createSurroundingText();
  let phase: 'before' | 'document' | 'after' | 'broken' = 'before';
  /** An opening bracket in other text, with the white space behind it. */
  let candidate = '';
  let isRootScalar = false;
  let readSoFar = 0;
  let surrounding = 0;
  let piece = '';
  let at = 0;

  const allows = (type: JsonType): boolean => rootTypes === null || rootTypes.has(type);

  function read(text: string): string {
    const room = limits.max_answer_bytes - readSoFar;
    piece = text.length <= room ? text : text.slice(0, room);
    readSoFar += piece.length;
    let emit = '';
    for (at = 0; at < piece.length && phase !== 'broken';) {
      if (phase === 'document') emit += readDocument(piece);
      else emit += readAround(piece.charAt(at));
    }
    if (text.length > room && phase !== 'broken') refuse(`must not be larger than ${limits.max_answer_bytes} bytes`);
    return emit;
  }

  function refuse(message: string): '' {
    phase = 'broken';
    tracker.fail(message);
    return '';
  }

  function readDocument(text: string): string {
    const { emit, next } = document.read(text, at);
    at = next;
    const state = document.state();
    if (state !== 'open') phase = state === 'done' ? 'after' : 'broken';
    return emit;
  }

  function enter(type: JsonType): string {
    phase = 'document';
    isRootScalar = type !== 'object' && type !== 'array';
    const { emit } = document.read(candidate, 0);
    candidate = '';
    if (document.state() === 'broken') phase = 'broken';
    return emit;
  }

  /** One character before or behind the document; does not read it when a document begins with it. */
  function readAround(char: string): string {
    if (!isJsonSpace(char.charCodeAt(0))) surrounding += 1;
    if (surrounding > limits.max_repair_bytes)
      return refuse(`must not have more than ${limits.max_repair_bytes} bytes of other text`);
    if (candidate !== '') return continueCandidate(char);
    if (phase === 'before') return readBefore(char);
    const isFirst = after.isBlank() && !isJsonSpace(char.charCodeAt(0));
    if (isFirst && (isRootScalar || ',:"]}'.includes(char)))
      return refuse(`is not JSON: unexpected ${JSON.stringify(char)} after its end`);
    return readText(char);
  }

  function readBefore(char: string): string {
    const type = openings.get(char);
    const isContainer = type === 'object' || type === 'array';
    if (type !== undefined && before.isBlank() && (isContainer || allows(type))) return enter(type);
    return readText(char);
  }

  function readText(char: string): string {
    at += 1;
    const type = openings.get(char);
    if ((type === 'object' || type === 'array') && allows(type)) candidate = char;
    else (phase === 'before' ? before : after).note(char.charCodeAt(0));
    return '';
  }

  function continueCandidate(char: string): string {
    if (isJsonSpace(char.charCodeAt(0))) {
      candidate += char;
      at += 1;
      return '';
    }
    const isObject = candidate.startsWith('{');
    const isDocument = isObject ? char === '"' || char === '}' : char === ']' || openings.has(char);
    if (isDocument && phase === 'before') return enter(isObject ? 'object' : 'array');
    if (isDocument) return refuse('must be one JSON document, not several');
    for (const held of candidate) (phase === 'before' ? before : after).note(held.charCodeAt(0));
    candidate = '';
    return '';
  }

  function finish(): boolean {
    document.finish();
    if (phase === 'document' && document.state() === 'done') phase = 'after';
    if (phase === 'after') return true;
    if (phase === 'document' && document.state() === 'open') refuse('ends before the JSON document does');
    if (phase === 'before') refuse('must contain a JSON document');
    return false;
  }

  function repairs(): readonly Repair[] {
    const found: Repair[] = [];
    if (before.hasFence() || after.hasFence()) found.push('fence');
    if (before.hasText() || after.hasText() || candidate !== '') found.push('surrounding_text');
    return [...found, ...[...document.repairs].sort()];
  }

  return { read, finish, repairs, isBroken: () => phase === 'broken' };
}
