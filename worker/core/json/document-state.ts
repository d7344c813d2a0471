/** Where the reader of a document stands: between which tokens or in which one, and what of the piece being read is shown already. */
import type { DocumentListener } from './document-listener.ts';
import type { JsonLiteral, NumberState } from './grammar.ts';

export type DocumentRepair = 'trailing_comma' | 'control_character';

/** What may come next between tokens, or the token that is being read. */
export type Expect =
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

/** A plain object and not a class: the readers of it stay as fast behind a garbage collection. */
export interface DocumentState {
  readonly listener: DocumentListener;
  readonly repairs: Set<DocumentRepair>;
  /** Open containers, by their closing character. */
  readonly closers: number[];
  expect: Expect;
  isBroken: boolean;
  isKey: boolean;
  hexLeft: number;
  hasEscape: boolean;
  number: NumberState;
  literal: JsonLiteral | null;
  literalRead: number;
  /** The string or number being read, as far as earlier pieces and repairs brought it. */
  token: string;
  /** A comma and the white space behind it. */
  held: string;
  /** The piece being read. */
  text: string;
  /** Index in `text` of the next character. */
  at: number;
  /** Index in `text` where the part begins that is neither shown nor held. */
  shownTo: number;
  /** Index in `text` where the part begins that is not in `token`. */
  tokenFrom: number;
  /** What may be shown of the piece. */
  shown: string;
}

export function createDocumentState(listener: DocumentListener): DocumentState {
  return {
    listener,
    repairs: new Set(),
    closers: [],
    expect: 'value',
    isBroken: false,
    isKey: false,
    hexLeft: 0,
    hasEscape: false,
    number: 'minus',
    literal: null,
    literalRead: 0,
    token: '',
    held: '',
    text: '',
    at: 0,
    shownTo: 0,
    tokenFrom: 0,
    shown: '',
  };
}

/** Takes one character. */
export function advance(state: DocumentState, next: Expect): void {
  state.at += 1;
  state.expect = next;
}

/** Ends the reading when the listener has refused what was just read. */
export function settle(state: DocumentState, isPossible: boolean): boolean {
  if (!isPossible) state.isBroken = true;
  return isPossible;
}

export function refuseCharacter(state: DocumentState): void {
  state.isBroken = true;
  state.listener.fail(`is not JSON: unexpected ${JSON.stringify(state.text.charAt(state.at))}`);
}

export function endValue(state: DocumentState): void {
  state.expect = state.closers.length === 0 ? 'end' : 'comma';
}
