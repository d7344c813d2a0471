/** The containers that calls stand in, as models nest them, and what each of their keys means there. */
import { unlimited } from '../json/scan.ts';
import type { ValueKind } from '../json/grammar.ts';
import type { LiveCall } from './call.ts';
import type { DeclaredTools } from './declared-tool.ts';

export type Role = 'call' | 'list' | 'name' | 'arguments' | 'id' | 'type' | 'other';

export interface Frame {
  readonly role: 'call' | 'list';
  key: string;
  id: string | null;
  name: string | null;
  arguments: string | null;
  live: LiveCall | null;
  /** The arguments have a key `type` that the tool does not declare. */
  hasType: boolean;
  /** Calls that were complete when the container began: more at its end means it wraps calls. */
  readonly callsBefore: number;
}

/** The keys of all shapes, and the values of `type`. */
export const callKeys: ReadonlySet<string> = new Set([
  'name',
  'arguments',
  'parameters',
  'id',
  'type',
  'function',
  'tool_calls',
  'index',
  'call_id',
]);
export const typeValues: ReadonlySet<string> = new Set(['function', 'tool', 'call', 'tool_call', 'tool_use', 'function_call']);

/** Longest key, id and `type` of a call without markers, in characters; an escape more than that is an answer. */
const room = { key: 16, id: 44, type: 20, arguments: 100 };
const nameSlack = 8;

export function createFrame(role: 'call' | 'list', callsBefore: number): Frame {
  return { role, key: '', id: null, name: null, arguments: null, live: null, hasType: false, callsBefore };
}

/** A call, or one of the `count` calls so far that it wraps, is whole: what else stands beside it does not matter. */
export function isSettled(frame: Frame, count: number): boolean {
  return count > frame.callsBefore || (frame.name !== null && hasArguments(frame));
}

function hasArguments(frame: Frame): boolean {
  return frame.arguments !== null || frame.live !== null;
}

/** What a value under the frame's key is; `depth` is that of the frame, from 1. */
export function roleIn(frame: Frame, depth: number): Role {
  if (frame.role === 'list') return 'call';
  switch (frame.key) {
    case 'name':
      return frame.name === null ? 'name' : 'other';
    case 'arguments':
    case 'parameters':
      return hasArguments(frame) ? 'other' : 'arguments';
    case 'id':
    case 'type':
      return frame.key;
    case 'function':
      return depth <= 3 ? 'call' : 'other';
    case 'tool_calls':
      return depth === 1 ? 'list' : 'other';
    default:
      return 'other';
  }
}

/** A value that no call has at its place. */
export function isMisplaced(role: Role, kind: ValueKind, isStrict: boolean, isElement: boolean): boolean {
  if (role === 'call') return isElement || isStrict;
  if (role === 'name') return kind !== 'string';
  if (role === 'arguments') return kind === 'array';
  if (role === 'list' || role === 'type') return isStrict && (role === 'list' || kind !== 'string');
  return isStrict && role === 'id' && (kind === 'object' || kind === 'array');
}

/** How long a key, or a string in that role, may be in a call without markers that is not settled yet. */
export function roomIn(frame: Frame, what: 'key' | Role, tools: DeclaredTools): number {
  if (what === 'key') return room.key;
  if (what === 'name') return Math.max(...[...tools.keys()].map((name) => name.length)) + nameSlack;
  if (what === 'arguments') return frame.name === null ? room.arguments : unlimited;
  return what === 'id' || what === 'type' ? room[what] : unlimited;
}
