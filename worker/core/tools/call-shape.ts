/**
 * Recognises calls in JSON while it is scanned, in every shape models write them: `{name, arguments|parameters}`, wrapped as
 * `{type, function: {…}}` or `{tool_calls: […]}`, and arrays of these. It collects the calls; whether and when they are surfaced
 * is the format's decision. For duplicate keys, the first wins.
 */
import type { BeginCall, ParsedCall } from './call.ts';
import {
  callKeys,
  createFrame,
  type Frame,
  isMisplaced,
  isSettled,
  type Role,
  roleIn,
  roomIn,
  typeValues,
} from './call-frame.ts';
import { type DeclaredTools, declaresArgument, isDeclaration, isNameLike, mayHaveArgument } from './declared-tool.ts';
import { parseString, type ValueKind } from '../json/grammar.ts';
import { type JsonListener, type Reaction, unlimited } from '../json/scan.ts';
import { repairedJson } from '../json/text.ts';

export interface CallRules {
  readonly tools: DeclaredTools;
  /**
   * Without markers that promise a call, only a declared name with arguments is one, and the JSON is refused as soon as a key, a value's
   * type or a name shows that it is an answer. Else any name will do, and JSON that is no call is read to its end.
   */
  readonly isStrict: boolean;
  /** Opens a call whose arguments are shown as they come; null shows nothing before the format says so. */
  readonly begin: BeginCall | null;
  /** Whether the model's own ids mean something; elsewhere `id` is one more key to ignore. */
  readonly keepsIds: boolean;
}

export interface CallShape extends JsonListener {
  /** The complete calls, in order, as long as all of it are calls; those shown live are not among them. */
  readonly calls: ParsedCall[];
  /** Whether the whole JSON read so far consists of calls. */
  isCall(): boolean;
  /** Whether a declared name was read: breaking off now means a call was cut. */
  hasDeclaredName(): boolean;
  /** Whether some call is shown already and cannot be taken back. */
  isLive(): boolean;
}

interface ShapeState {
  readonly rules: CallRules;
  readonly calls: ParsedCall[];
  readonly frames: Frame[];
  /** Complete calls, live ones included. */
  count: number;
  isSpoiled: boolean;
  hasDeclaredName: boolean;
  liveCount: number;
  /** What the value being read is; `other` also for one that is not taken. */
  role: Role;
  /** The value's text. */
  text: string;
  /** The value that ends next is none that was entered. */
  isText: boolean;
}

export function createCallShape(rules: CallRules): CallShape {
  const state: ShapeState = {
    rules,
    calls: [],
    frames: [],
    count: 0,
    isSpoiled: false,
    hasDeclaredName: false,
    liveCount: 0,
    role: 'other',
    text: '',
    isText: false,
  };
  return {
    calls: state.calls,
    isCall: () => state.count > 0 && !state.isSpoiled,
    hasDeclaredName: () => state.hasDeclaredName,
    isLive: () => state.liveCount > 0,
    onKey: (key) => onKey(state, key),
    onMember: (key) => onMember(state, key),
    roomFor: (what) => roomFor(state, what),
    onValue: (kind) => onValue(state, kind),
    onText: (piece) => onText(state, piece),
    onEnd: () => onEnd(state),
  };
}

function spoil(state: ShapeState): boolean {
  state.isSpoiled = true;
  state.calls.length = 0;
  return !state.rules.isStrict;
}

function onKey(state: ShapeState, key: string): boolean {
  const frame = state.frames.at(-1);
  if (frame === undefined) return true;
  frame.key = key;
  return !state.rules.isStrict || callKeys.has(key) || isSettled(frame, state.count) || spoil(state);
}

/** An argument: without a name yet, some tool must know it; a schema in its place makes the call a declaration. */
function onMember(state: ShapeState, key: string): boolean {
  const { tools, isStrict } = state.rules;
  const frame = state.frames.at(-1);
  if (state.role !== 'arguments' || frame === undefined || frame.live !== null) return true;
  if (frame.name === null) return !isStrict || [...tools.values()].some((tool) => mayHaveArgument(tool, key)) || spoil(state);
  const tool = tools.get(frame.name);
  if (key === 'type') frame.hasType = !declaresArgument(tool, key);
  const isSchema = key === '$schema' || (key === 'properties' && frame.hasType);
  return !isSchema || declaresArgument(tool, key) || spoil(state);
}

function roomFor(state: ShapeState, what: 'key' | 'string'): number {
  const { isStrict, tools } = state.rules;
  const frame = state.frames.at(-1);
  if (!isStrict || frame === undefined || isSettled(frame, state.count)) return unlimited;
  return roomIn(frame, what === 'key' ? 'key' : state.role, tools);
}

function onValue(state: ShapeState, kind: ValueKind): Reaction {
  const frame = state.frames.at(-1);
  state.role = roleOf(state, frame);
  state.text = '';
  const reaction = reactTo(state, kind, frame);
  state.isText = reaction !== 'enter';
  if (reaction !== 'take') state.role = 'other';
  if (state.role === 'arguments' && kind === 'object' && frame !== undefined) showLive(state, frame);
  return reaction;
}

function roleOf({ rules, frames, count }: ShapeState, frame: Frame | undefined): Role {
  if (frame === undefined) return 'call';
  const role = roleIn(frame, frames.length);
  if (role === 'id') return rules.keepsIds || rules.isStrict ? 'id' : 'other';
  if (role === 'type') return rules.isStrict && !isSettled(frame, count) ? 'type' : 'other';
  return role;
}

function reactTo(state: ShapeState, kind: ValueKind, frame: Frame | undefined): Reaction {
  const { role } = state;
  if (role === 'call' && kind === 'object') return enter(state, 'call');
  if (kind === 'array' && (role === 'list' || frame === undefined)) return enter(state, 'list');
  const isElement = frame === undefined || frame.role === 'list';
  if (isMisplaced(role, kind, state.rules.isStrict, isElement)) return spoil(state) ? 'skip' : 'refuse';
  if (kind === 'scalar' && role === 'id') return 'skip';
  return role === 'name' || role === 'arguments' || role === 'id' || role === 'type' ? 'take' : 'skip';
}

function enter(state: ShapeState, role: 'call' | 'list'): Reaction {
  state.frames.push(createFrame(role, state.count));
  return 'enter';
}

function showLive(state: ShapeState, frame: Frame): void {
  const { begin } = state.rules;
  if (begin === null || frame.name === null || state.isSpoiled) return;
  frame.live = begin(frame.name, frame.id);
  state.liveCount += 1;
}

function onText(state: ShapeState, piece: string): void {
  const live = state.role === 'arguments' ? (state.frames.at(-1)?.live ?? null) : null;
  if (live === null) state.text += piece;
  else live.append(piece);
}

function onEnd(state: ShapeState): boolean {
  const { isText, frames } = state;
  const frame = isText ? frames.at(-1) : frames.pop();
  if (frame === undefined) return true;
  const isAccepted = isText ? endTaken(state, frame) : endFrame(state, frame);
  state.isText = false;
  return isAccepted;
}

function endTaken(state: ShapeState, frame: Frame): boolean {
  const { role, text } = state;
  if (role === 'id') frame.id = state.rules.keepsIds ? parseString(text) : null;
  if (role === 'type' && !typeValues.has(parseString(text))) return spoil(state);
  if (role === 'name') return endName(state, frame, parseString(text));
  if (role === 'arguments' && frame.live === null) {
    frame.arguments = argumentsFrom(text);
    if (frame.arguments === null) return spoil(state);
  }
  return true;
}

function endName(state: ShapeState, frame: Frame, name: string): boolean {
  const isDeclared = state.rules.tools.has(name);
  if (!isDeclared && (state.rules.isStrict || !isNameLike(name))) return spoil(state);
  frame.name = name;
  if (isDeclared) state.hasDeclaredName = true;
  return true;
}

function endFrame(state: ShapeState, frame: Frame): boolean {
  if (frame.role === 'list') return true;
  const { tools, isStrict } = state.rules;
  const isWrapper = state.count > frame.callsBefore;
  if (frame.live !== null) frame.live.finish();
  else if (frame.name !== null && (frame.arguments !== null || !isStrict) && !isWrapper) {
    const given = frame.arguments ?? '{}';
    if (isDeclaration(given, tools.get(frame.name))) return spoil(state);
    if (!state.isSpoiled) state.calls.push({ id: frame.id, name: frame.name, arguments: given });
  } else return isWrapper || spoil(state);
  state.count += 1;
  return true;
}

/** Arguments are null, an object, or a string that holds an object; null for anything else. */
function argumentsFrom(json: string): string | null {
  if (json === 'null') return '{}';
  if (json.startsWith('"')) return repairedJson(parseString(json), 'object');
  return json.startsWith('{') ? json : null;
}
