/** The state of reading one JSON value piece by piece, and what a listener may say to it. */
import type { ValueKind } from './grammar.ts';

/** `enter`: report what is inside. `take`: hand over its text. `skip`: only check its grammar. `refuse`: stop here. */
export type Reaction = 'enter' | 'take' | 'skip' | 'refuse';

/** Called for the root value and for the direct members of entered containers; anything deeper goes to `onText`. */
export interface JsonListener {
  onValue(kind: ValueKind): Reaction;
  /** A key of the innermost entered object, unescaped. False refuses it. */
  onKey(key: string): boolean;
  /** A key of a taken object, of its outermost level only. False refuses it. */
  onMember?(key: string): boolean;
  /** The most characters, quote included, of the key or taken string that begins; a longer one is refused at that point. */
  roomFor?(what: 'key' | 'string'): number;
  /** A piece of a taken value's repaired text; the pieces are whole when `onEnd` comes. */
  onText(piece: string): void;
  /** The value last reported, or the innermost entered container, has ended. False refuses it. */
  onEnd(): boolean;
}

/** `failed`: not JSON. `refused`: JSON, but the listener refused it. Both stop at the character in question. */
export type JsonStatus = 'open' | 'done' | 'failed' | 'refused';

/** `element` and `key` may as well be the closer: an empty container, or a trailing comma. */
export type Expectation = 'value' | 'element' | 'key' | 'colon' | 'next';

export interface JsonScan {
  status: JsonStatus;
  expects: Expectation;
  /** Open containers from the outside in; true is an object. */
  readonly isObject: boolean[];
  /** How many of them, from the outside, the listener has entered. */
  entered: number;
  taking: 'nothing' | 'key' | 'value';
  token: 'none' | 'string' | 'key' | 'scalar';
  /** In a string: 0, 1 after a backslash, 5 to 2 for the hexadecimal digits still to come. */
  escape: number;
  /** Characters that the string may still have. */
  room: number;
  /** A number or literal that may continue. */
  scalar: string;
  /** The text of a reported key (quotes included) or a member (without). */
  key: string;
  isMember: boolean;
  /** A comma and what followed it, held until it is known not to be trailing; '' if there is none. */
  gap: string;
  /** Index in the text being read of the first character not yet handed over. */
  pendingFrom: number;
}

/** More characters than any string has; a small integer, since this is looked at for every piece of a string. */
export const unlimited = 0x3fffffff;

export function createJsonScan(): JsonScan {
  return {
    status: 'open',
    expects: 'value',
    isObject: [],
    entered: 0,
    taking: 'nothing',
    token: 'none',
    escape: 0,
    room: unlimited,
    scalar: '',
    key: '',
    isMember: false,
    gap: '',
    pendingFrom: 0,
  };
}

/** Wants nothing, and refuses nothing. */
export const indifferent: JsonListener = { onValue: () => 'skip', onKey: () => true, onText: () => {}, onEnd: () => true };

/** Lets a scan that was refused go on from there, to find the end of the JSON; only with the `indifferent` listener. */
export function resumeScan(scan: JsonScan): JsonScan {
  return Object.assign(scan, { status: 'open', taking: 'nothing', room: unlimited, gap: '', isMember: false });
}
