/** Reads the strings, numbers and literals of a document, and escapes raw control characters in strings. */
import { advance, type DocumentState, endValue, refuseCharacter, settle } from './document-state.ts';
import { continueNumber, isEscapable, isHexDigit, literalAt, mayEndNumber, startNumber } from './grammar.ts';

export const quote = 34;
const backslash = 92;

export function beginString(state: DocumentState, isKey: boolean): void {
  state.isKey = isKey;
  state.hasEscape = false;
  state.token = '';
  advance(state, 'string');
  state.tokenFrom = state.at;
}

export function readString(state: DocumentState): void {
  const { text } = state;
  for (let { at } = state; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === quote) return endString(state, at);
    if (code === backslash) {
      state.hasEscape = true;
      state.at = at;
      return advance(state, 'escape');
    }
    if (code < 32) escapeControl(state, at);
  }
  state.at = text.length;
}

function escapeControl(state: DocumentState, at: number): void {
  const { text } = state;
  const escaped = JSON.stringify(text.charAt(at)).slice(1, -1);
  state.shown += text.slice(state.shownTo, at) + escaped;
  state.token += text.slice(state.tokenFrom, at) + escaped;
  state.shownTo = at + 1;
  state.tokenFrom = at + 1;
  state.hasEscape = true;
  state.repairs.add('control_character');
}

export function readEscape(state: DocumentState, code: number): void {
  if (!isEscapable(code)) return refuseCharacter(state);
  state.hexLeft = 4;
  advance(state, code === 117 ? 'hex' : 'string');
}

export function readHex(state: DocumentState, code: number): void {
  if (!isHexDigit(code)) return refuseCharacter(state);
  state.hexLeft -= 1;
  advance(state, state.hexLeft === 0 ? 'string' : 'hex');
}

function endString(state: DocumentState, at: number): void {
  const { listener } = state;
  state.at = at;
  const raw = state.token + state.text.slice(state.tokenFrom, at);
  const value: unknown = state.hasEscape ? JSON.parse(`"${raw}"`) : raw;
  const isPossible = state.isKey ? listener.key(String(value)) : listener.scalar(String(value));
  if (!settle(state, isPossible)) return;
  state.at = at + 1;
  if (state.isKey) state.expect = 'colon';
  else endValue(state);
}

/** A number, `true`, `false` or `null`. */
export function beginScalar(state: DocumentState, code: number): void {
  const { listener } = state;
  state.literal = literalAt(code);
  if (state.literal !== null) {
    if (!settle(state, listener.begin(state.literal.type))) return;
    state.expect = 'literal';
    state.literalRead = 0;
    return;
  }
  const number = startNumber(code);
  if (number === null) return refuseCharacter(state);
  if (!settle(state, listener.begin('number'))) return;
  state.number = number;
  state.token = '';
  state.tokenFrom = state.at;
  advance(state, 'number');
}

export function readNumber(state: DocumentState, code: number): void {
  const next = continueNumber(state.number, code);
  if (next !== null) {
    state.number = next;
    state.at += 1;
  } else if (mayEndNumber(state.number)) endNumber(state);
  else refuseCharacter(state);
}

export function endNumber(state: DocumentState): void {
  const value = Number(state.token + state.text.slice(state.tokenFrom, state.at));
  if (settle(state, state.listener.scalar(value))) endValue(state);
}

export function readLiteral(state: DocumentState, code: number): void {
  const { literal } = state;
  if (literal === null || code !== literal.word.charCodeAt(state.literalRead)) return refuseCharacter(state);
  state.literalRead += 1;
  const isWhole = state.literalRead === literal.word.length;
  if (isWhole && !settle(state, state.listener.scalar(literal.value))) return;
  state.at += 1;
  if (isWhole) endValue(state);
}
