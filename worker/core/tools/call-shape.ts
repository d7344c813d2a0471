/**
 * Recognises calls in JSON while it is scanned, in every shape models write them: `{name, arguments|parameters}`, wrapped as
 * `{type, function: {…}}` or `{tool_calls: […]}`, and arrays of these. It collects the calls; whether and when they are surfaced
 * is the format's decision. Of a key that occurs twice the first one counts.
 */
import type { BeginCall, LiveCall, ParsedCall } from './call.ts';
import { type DeclaredTools, declaresArgument, isDeclaration, isNameLike, mayHaveArgument } from './declared-tool.ts';
import { parseString, type ValueKind } from '../json/grammar.ts';
import { type JsonListener, type Reaction, unlimited } from '../json/scan.ts';
import { readJsonText } from '../json/text.ts';

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

type Role = 'call' | 'list' | 'name' | 'arguments' | 'id' | 'type' | 'other';

interface Frame {
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
const callKeys = new Set(['name', 'arguments', 'parameters', 'id', 'type', 'function', 'tool_calls', 'index', 'call_id']);
const typeValues = new Set(['function', 'tool', 'call', 'tool_call', 'tool_use', 'function_call']);

/** Longest key, id and `type` of a call without markers, in characters; an escape more than that is an answer. */
const room = { key: 16, id: 44, type: 20, arguments: 100 };
const nameSlack = 8;

export function createCallShape(rules: CallRules): CallShape {
  const { tools, isStrict } = rules;
  const calls: ParsedCall[] = [];
  const frames: Frame[] = [];
  /** Complete calls, live ones included. */
  let count = 0;
  let isSpoiled = false;
  let hasDeclaredName = false;
  let liveCount = 0;
  let role: Role = 'other';
  let text = '';
  let isText = false;

  const spoil = (): boolean => {
    isSpoiled = true;
    calls.length = 0;
    return !isStrict;
  };

  /** A call, or calls that it wraps, are whole: what else stands beside them does not matter. */
  const isSettled = (frame: Frame): boolean =>
    count > frame.callsBefore || (frame.name !== null && (frame.arguments !== null || frame.live !== null));

  const roleOf = (frame: Frame | undefined): Role => {
    if (frame === undefined || frame.role === 'list') return 'call';
    const { key } = frame;
    if (key === 'name') return frame.name === null ? 'name' : 'other';
    if (key === 'arguments' || key === 'parameters')
      return frame.arguments === null && frame.live === null ? 'arguments' : 'other';
    if (key === 'id') return rules.keepsIds || isStrict ? 'id' : 'other';
    if (key === 'type') return isStrict && !isSettled(frame) ? 'type' : 'other';
    if (key === 'function' && frames.length <= 3) return 'call';
    return key === 'tool_calls' && frames.length === 1 ? 'list' : 'other';
  };

  const enter = (kind: 'call' | 'list'): Reaction => {
    frames.push({ role: kind, key: '', id: null, name: null, arguments: null, live: null, hasType: false, callsBefore: count });
    return 'enter';
  };

  const reactTo = (kind: ValueKind, frame: Frame | undefined): Reaction => {
    if (role === 'call' && kind === 'object') return enter('call');
    if (kind === 'array' && (role === 'list' || frame === undefined)) return enter('list');
    const isElement = frame === undefined || frame.role === 'list';
    if (isMisplaced(role, kind, isStrict, isElement)) return spoil() ? 'skip' : 'refuse';
    if (kind === 'scalar' && role === 'id') return 'skip';
    return role === 'name' || role === 'arguments' || role === 'id' || role === 'type' ? 'take' : 'skip';
  };

  const endName = (frame: Frame, name: string): boolean => {
    const isDeclared = tools.has(name);
    if (!isDeclared && (isStrict || !isNameLike(name))) return spoil();
    frame.name = name;
    hasDeclaredName ||= isDeclared;
    return true;
  };

  const endTaken = (frame: Frame): boolean => {
    if (role === 'id') frame.id = rules.keepsIds ? parseString(text) : null;
    if (role === 'type' && !typeValues.has(parseString(text))) return spoil();
    if (role === 'name') return endName(frame, parseString(text));
    if (role === 'arguments' && frame.live === null) {
      frame.arguments = argumentsFrom(text);
      if (frame.arguments === null) return spoil();
    }
    return true;
  };

  const endFrame = (frame: Frame): boolean => {
    if (frame.role === 'list') return true;
    const isWrapper = count > frame.callsBefore;
    if (frame.live !== null) frame.live.finish();
    else if (frame.name !== null && (frame.arguments !== null || !isStrict) && !isWrapper) {
      const given = frame.arguments ?? '{}';
      if (isDeclaration(given, tools.get(frame.name))) return spoil();
      if (!isSpoiled) calls.push({ id: frame.id, name: frame.name, arguments: given });
    } else return isWrapper || spoil();
    count += 1;
    return true;
  };

  const showLive = (frame: Frame): void => {
    if (rules.begin === null || frame.name === null || isSpoiled) return;
    frame.live = rules.begin(frame.name, frame.id);
    liveCount += 1;
  };

  return {
    calls,
    isCall: () => count > 0 && !isSpoiled,
    hasDeclaredName: () => hasDeclaredName,
    isLive: () => liveCount > 0,

    onKey(key) {
      const frame = frames.at(-1);
      if (frame === undefined) return true;
      frame.key = key;
      return !isStrict || callKeys.has(key) || isSettled(frame) || spoil();
    },

    /** An argument: without a name yet, some tool must know it; a schema in its place makes the call a declaration. */
    onMember(key) {
      const frame = frames.at(-1);
      if (role !== 'arguments' || frame === undefined || frame.live !== null) return true;
      if (frame.name === null) return !isStrict || [...tools.values()].some((tool) => mayHaveArgument(tool, key)) || spoil();
      const tool = tools.get(frame.name);
      if (key === 'type') frame.hasType = !declaresArgument(tool, key);
      const isSchema = key === '$schema' || (key === 'properties' && frame.hasType);
      return !isSchema || declaresArgument(tool, key) || spoil();
    },

    roomFor(what) {
      const frame = frames.at(-1);
      if (!isStrict || frame === undefined || isSettled(frame)) return unlimited;
      if (what === 'key') return room.key;
      if (role === 'name') return Math.max(...[...tools.keys()].map((name) => name.length)) + nameSlack;
      if (role === 'arguments') return frame.name === null ? room.arguments : unlimited;
      return role === 'id' || role === 'type' ? room[role] : unlimited;
    },

    onValue(kind) {
      const frame = frames.at(-1);
      role = roleOf(frame);
      text = '';
      const reaction = reactTo(kind, frame);
      isText = reaction !== 'enter';
      if (reaction !== 'take') role = 'other';
      if (role === 'arguments' && kind === 'object' && frame !== undefined) showLive(frame);
      return reaction;
    },

    onText(piece) {
      const live = role === 'arguments' ? (frames.at(-1)?.live ?? null) : null;
      if (live === null) text += piece;
      else live.append(piece);
    },

    onEnd() {
      const frame = isText ? frames.at(-1) : frames.pop();
      if (frame === undefined) return true;
      const isAccepted = isText ? endTaken(frame) : endFrame(frame);
      isText = false;
      return isAccepted;
    },
  };
}

/** A value that no call has at its place. */
function isMisplaced(role: Role, kind: ValueKind, isStrict: boolean, isElement: boolean): boolean {
  if (role === 'call') return isElement || isStrict;
  if (role === 'name') return kind !== 'string';
  if (role === 'arguments') return kind === 'array';
  if (role === 'list' || role === 'type') return isStrict && (role === 'list' || kind !== 'string');
  return isStrict && role === 'id' && (kind === 'object' || kind === 'array');
}

/** Null, an object, or a string that holds an object; anything else is no arguments. */
function argumentsFrom(json: string): string | null {
  if (json === 'null') return '{}';
  if (json.startsWith('"')) return readJsonText(parseString(json), 'object');
  return json.startsWith('{') ? json : null;
}
