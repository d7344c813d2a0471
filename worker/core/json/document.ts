/**
 * Reads one JSON document (RFC 8259) piece by piece and hands back the part of it that is certain: it drops trailing commas,
 * escapes raw control characters in strings, and stops at the first character that cannot continue the document. It never closes
 * what the text leaves open. The listener decides which values are allowed.
 */
import type { DocumentListener } from './document-listener.ts';
import {
  advance,
  createDocumentState,
  type DocumentRepair,
  type DocumentState,
  endValue,
  type Expect,
  refuseCharacter,
  settle,
} from './document-state.ts';
import {
  beginScalar,
  beginString,
  endNumber,
  quote,
  readEscape,
  readHex,
  readLiteral,
  readNumber,
  readString,
} from './document-tokens.ts';
import { isJsonSpace, mayEndNumber } from './grammar.ts';

export type { DocumentRepair };

export interface JsonDocument {
  /**
   * Reads from `from` until the document ends, breaks or the text does. Returns what may be shown, and the index of the first
   * character after the document.
   */
  read(text: string, from: number): { readonly emit: string; readonly next: number };
  /** `open` may still become a document; `done` is one. */
  state(): 'open' | 'done' | 'broken';
  /** The text ends here: only a number at the root may end with it. */
  finish(): void;
  readonly repairs: ReadonlySet<DocumentRepair>;
}

export function createJsonDocument(listener: DocumentListener): JsonDocument {
  const state = createDocumentState(listener);
  return {
    read: (text, from) => read(state, text, from),
    state: () => (state.isBroken ? 'broken' : state.expect === 'end' ? 'done' : 'open'),
    finish: () => finish(state),
    repairs: state.repairs,
  };
}

const mayClose: ReadonlySet<Expect> = new Set(['first_item', 'first_key', 'comma', 'after_comma']);
const [comma, colon, beginArray, endArray, beginObject, endObject] = [44, 58, 91, 93, 123, 125] as const;

function read(state: DocumentState, text: string, from: number): { readonly emit: string; readonly next: number } {
  state.text = text;
  state.at = from;
  state.shownTo = from;
  state.tokenFrom = from;
  state.shown = '';
  while (state.at < text.length && !state.isBroken && state.expect !== 'end') step(state, text.charCodeAt(state.at));
  const { expect, at } = state;
  if (expect === 'after_comma') state.held += text.slice(state.shownTo, at);
  else state.shown += text.slice(state.shownTo, at);
  if (expect === 'string' || expect === 'escape' || expect === 'hex' || expect === 'number')
    state.token += text.slice(state.tokenFrom, at);
  return { emit: state.shown, next: at };
}

/** Each step reads at least one character, ends a token without reading, or breaks. */
function step(state: DocumentState, code: number): void {
  const { expect } = state;
  if (expect === 'string') return readString(state);
  if (expect === 'escape') return readEscape(state, code);
  if (expect === 'hex') return readHex(state, code);
  if (expect === 'number') return readNumber(state, code);
  if (expect === 'literal') return readLiteral(state, code);
  if (isJsonSpace(code)) state.at += 1;
  else readStructure(state, code);
}

function readStructure(state: DocumentState, code: number): void {
  if (code === state.closers.at(-1) && mayClose.has(state.expect)) return closeContainer(state);
  if (state.expect === 'after_comma') releaseComma(state);
  switch (state.expect) {
    case 'value':
    case 'first_item':
      return beginValue(state, code);
    case 'first_key':
    case 'key':
      return code === quote ? beginString(state, true) : refuseCharacter(state);
    case 'colon':
      return code === colon ? advance(state, 'value') : refuseCharacter(state);
    case 'comma':
      return code === comma ? holdComma(state) : refuseCharacter(state);
    default:
      return refuseCharacter(state);
  }
}

function beginValue(state: DocumentState, code: number): void {
  const isObject = code === beginObject;
  if (isObject || code === beginArray) {
    if (!settle(state, state.listener.begin(isObject ? 'object' : 'array'))) return;
    state.closers.push(isObject ? endObject : endArray);
    return advance(state, isObject ? 'first_key' : 'first_item');
  }
  if (code !== quote) return beginScalar(state, code);
  if (settle(state, state.listener.begin('string'))) beginString(state, false);
}

function holdComma(state: DocumentState): void {
  state.shown += state.text.slice(state.shownTo, state.at);
  state.shownTo = state.at;
  advance(state, 'after_comma');
}

/** The comma was a separator. */
function releaseComma(state: DocumentState): void {
  state.shown += state.held;
  state.held = '';
  state.expect = state.closers.at(-1) === endObject ? 'key' : 'value';
}

function closeContainer(state: DocumentState): void {
  if (state.expect === 'after_comma') {
    state.shown += (state.held + state.text.slice(state.shownTo, state.at)).slice(1);
    state.held = '';
    state.shownTo = state.at;
    state.repairs.add('trailing_comma');
  }
  state.expect = 'comma';
  if (!settle(state, state.listener.close())) return;
  state.closers.pop();
  state.at += 1;
  endValue(state);
}

function finish(state: DocumentState): void {
  state.text = '';
  state.at = 0;
  state.tokenFrom = 0;
  if (state.expect === 'number' && state.closers.length === 0 && mayEndNumber(state.number)) endNumber(state);
}
