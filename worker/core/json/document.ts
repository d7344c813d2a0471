/**
 * Reads one JSON document (RFC 8259) piece by piece and hands back the part of it that is certain: it drops trailing commas,
 * escapes raw control characters in strings, and stops at the first character that cannot continue the document. It never closes
 * what the text leaves open. What the values may be is the listener's matter.
 */
import {
  continueNumber,
  isEscapable,
  isHexDigit,
  isJsonSpace,
  literalAt,
  mayEndNumber,
  startNumber,
  type JsonLiteral,
  type NumberState,
} from './grammar.ts';
import type { DocumentListener } from './document-listener.ts';

export type DocumentRepair = 'trailing_comma' | 'control_character';

export interface JsonDocument {
  /**
   * Reads from `from` until the document ends, breaks or the text does. Returns what may be shown, and the index of the first
   * character that is not the document's.
   */
  read(text: string, from: number): { readonly emit: string; readonly next: number };
  /** `open` may still become a document; `done` is one. */
  state(): 'open' | 'done' | 'broken';
  /** The text ends here: only a number at the root may end with it. */
  finish(): void;
  readonly repairs: ReadonlySet<DocumentRepair>;
}

/** What may come next between tokens, or the token that is being read. */
type Expect =
  | 'value'
  | 'first_item'
  | 'first_key'
  | 'key'
  | 'colon'
  | 'comma'
  /** A comma is held back until the next character shows that it is not a trailing one. */
  | 'after_comma'
  | 'string'
  | 'escape'
  | 'hex'
  | 'number'
  | 'literal'
  | 'end';

const mayClose: ReadonlySet<Expect> = new Set(['first_item', 'first_key', 'comma', 'after_comma']);
const [quote, comma, backslash] = [34, 44, 92] as const;

export function createJsonDocument(listener: DocumentListener): JsonDocument {
  const repairs = new Set<DocumentRepair>();
  /** Open containers, by their closing character. */
  const closers: number[] = [];
  let expect: Expect = 'value';
  let isBroken = false;
  let isKey = false;
  let hexLeft = 0;
  let hasEscape = false;
  let number: NumberState = 'minus';
  let literal: JsonLiteral | null = null;
  let literalRead = 0;
  /** The string or number being read, as far as earlier pieces and repairs brought it. */
  let token = '';
  let held = '';
  // Of the piece being read: its text, the index, and where the part that is neither shown nor in `token` begins.
  let text = '';
  let at = 0;
  let shownTo = 0;
  let tokenFrom = 0;
  let shown = '';

  function read(piece: string, from: number) {
    [text, at, shownTo, tokenFrom, shown] = [piece, from, from, from, ''];
    while (at < text.length && state() === 'open') step(text.charCodeAt(at));
    if (expect === 'after_comma') held += text.slice(shownTo, at);
    else shown += text.slice(shownTo, at);
    if (expect === 'string' || expect === 'escape' || expect === 'hex' || expect === 'number') token += text.slice(tokenFrom, at);
    return { emit: shown, next: at };
  }

  /** Each step reads at least one character, ends a token without reading, or breaks. */
  function step(code: number): void {
    if (expect === 'string') return readString();
    if (expect === 'escape') return readEscape(code);
    if (expect === 'hex') return readHex(code);
    if (expect === 'number') return readNumber(code);
    if (expect === 'literal') return readLiteral(code);
    if (isJsonSpace(code)) at += 1;
    else readStructure(code);
  }

  function readStructure(code: number): void {
    if (code === closers.at(-1) && mayClose.has(expect)) return closeContainer();
    if (expect === 'after_comma') {
      shown += held;
      held = '';
      expect = closers.at(-1) === 125 ? 'key' : 'value';
    }
    if (expect === 'value' || expect === 'first_item') return beginValue(code);
    if (expect === 'first_key' || expect === 'key') return code === quote ? beginString(true) : refuseCharacter();
    if (expect === 'colon' && code === 58) return advance('value');
    if (expect === 'comma' && code === comma) return holdComma();
    return refuseCharacter();
  }

  function advance(next: Expect): void {
    [at, expect] = [at + 1, next];
  }

  function refuseCharacter(): void {
    isBroken = true;
    listener.fail(`is not JSON: unexpected ${JSON.stringify(text.charAt(at))}`);
  }

  /** Ends the reading when the listener has refused what was just read. */
  function settle(isPossible: boolean): boolean {
    isBroken ||= !isPossible;
    return isPossible;
  }

  function beginValue(code: number): void {
    const isObject = code === 123;
    if (isObject || code === 91) {
      if (!settle(listener.begin(isObject ? 'object' : 'array'))) return;
      closers.push(isObject ? 125 : 93);
      return advance(isObject ? 'first_key' : 'first_item');
    }
    if (code === quote) return settle(listener.begin('string')) ? beginString(false) : undefined;
    literal = literalAt(code);
    if (literal !== null) {
      if (settle(listener.begin(literal.type))) [expect, literalRead] = ['literal', 0];
      return;
    }
    const state = startNumber(code);
    if (state === null) return refuseCharacter();
    if (!settle(listener.begin('number'))) return;
    [number, token, tokenFrom] = [state, '', at];
    advance('number');
  }

  function beginString(asKey: boolean): void {
    [isKey, hasEscape, token] = [asKey, false, ''];
    advance('string');
    tokenFrom = at;
  }

  function readString(): void {
    for (; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      if (code === quote) return endString();
      if (code === backslash) {
        hasEscape = true;
        return advance('escape');
      }
      if (code < 32) escapeControl(text.charAt(at));
    }
  }

  function escapeControl(char: string): void {
    const escaped = JSON.stringify(char).slice(1, -1);
    shown += text.slice(shownTo, at) + escaped;
    token += text.slice(tokenFrom, at) + escaped;
    shownTo = at + 1;
    tokenFrom = at + 1;
    hasEscape = true;
    repairs.add('control_character');
  }

  function readEscape(code: number): void {
    if (!isEscapable(code)) return refuseCharacter();
    hexLeft = 4;
    advance(code === 117 ? 'hex' : 'string');
  }

  function readHex(code: number): void {
    if (!isHexDigit(code)) return refuseCharacter();
    hexLeft -= 1;
    advance(hexLeft === 0 ? 'string' : 'hex');
  }

  function endString(): void {
    const raw = token + text.slice(tokenFrom, at);
    const value: unknown = hasEscape ? JSON.parse(`"${raw}"`) : raw;
    const isPossible = isKey ? listener.key(String(value)) : listener.scalar(String(value));
    if (!settle(isPossible)) return;
    at += 1;
    if (isKey) expect = 'colon';
    else endValue();
  }

  function readNumber(code: number): void {
    const next = continueNumber(number, code);
    if (next !== null) {
      number = next;
      at += 1;
    } else if (mayEndNumber(number)) endNumber();
    else refuseCharacter();
  }

  function endNumber(): void {
    if (settle(listener.scalar(Number(token + text.slice(tokenFrom, at))))) endValue();
  }

  function readLiteral(code: number): void {
    if (literal === null || code !== literal.word.charCodeAt(literalRead)) return refuseCharacter();
    literalRead += 1;
    const isWhole = literalRead === literal.word.length;
    if (isWhole && !settle(listener.scalar(literal.value))) return;
    at += 1;
    if (isWhole) endValue();
  }

  function holdComma(): void {
    shown += text.slice(shownTo, at);
    shownTo = at;
    advance('after_comma');
  }

  function closeContainer(): void {
    if (expect === 'after_comma') {
      shown += (held + text.slice(shownTo, at)).slice(1);
      [held, shownTo] = ['', at];
      repairs.add('trailing_comma');
    }
    expect = 'comma';
    if (!settle(listener.close())) return;
    closers.pop();
    at += 1;
    endValue();
  }

  function endValue(): void {
    expect = closers.length === 0 ? 'end' : 'comma';
  }

  function finish(): void {
    [text, at, tokenFrom] = ['', 0, 0];
    if (expect === 'number' && closers.length === 0 && mayEndNumber(number)) endNumber();
  }

  function state(): 'open' | 'done' | 'broken' {
    return isBroken ? 'broken' : expect === 'end' ? 'done' : 'open';
  }

  return { read, finish, state, repairs };
}
