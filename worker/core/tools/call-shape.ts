/**
 * Recognises calls in JSON while it is scanned, in every shape models write them: `{name, arguments|parameters}`, wrapped as
 * `{type, function: {…}}` or `{tool_calls: […]}`, and arrays of these. It collects the calls; whether and when they are surfaced
 * is the format's decision. Of a key that occurs twice the first one counts.
 */
import type { LiveCall } from './call-sink.ts';
import { parseString, type ValueKind } from './json-characters.ts';
import type { JsonListener, Reaction } from './json-scanner.ts';
import { readJsonText } from './json-text.ts';

/** A call as it stands in the text; `id` is the model's own, if it wrote one. */
export interface ParsedCall {
  readonly id: string | null;
  readonly name: string;
  /** JSON text of an object. */
  readonly arguments: string;
}

export interface CallRules {
  /** The request's tools, by name. */
  readonly tools: ReadonlyMap<string, unknown>;
  /** Accepts names that are not declared. Else such a name, or anything else that is not a call, refuses the JSON at once. */
  readonly isAnyName: boolean;
  /** Opens a call whose arguments are shown as they come; null shows nothing before the format says so. */
  readonly begin: BeginCall | null;
  /** Whether the model's own ids mean something; elsewhere `id` is one more key to ignore. */
  readonly keepsIds: boolean;
}

export type BeginCall = (name: string, id: string | null) => LiveCall;

export interface CallShape extends JsonListener {
  /** The complete calls, in order; those shown live are not among them. */
  readonly calls: ParsedCall[];
  /** Whether the whole JSON read so far consists of calls. */
  isCall(): boolean;
  /** Whether a declared name was read: breaking off now means a call was cut. */
  hasDeclaredName(): boolean;
  /** Whether some call is shown already and cannot be taken back. */
  isLive(): boolean;
}

type Role = 'call' | 'list' | 'name' | 'arguments' | 'id' | 'other';

interface Frame {
  readonly role: 'call' | 'list';
  key: string;
  id: string | null;
  name: string | null;
  arguments: string | null;
  live: LiveCall | null;
  /** Calls that were complete when the container began: more at its end means it wraps calls. */
  readonly callsBefore: number;
}

export function createCallShape(rules: CallRules): CallShape {
  const calls: ParsedCall[] = [];
  const frames: Frame[] = [];
  const isStrict = !rules.isAnyName;
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
    return !isStrict;
  };

  const roleOf = (frame: Frame | undefined): Role => {
    if (frame === undefined || frame.role === 'list') return 'call';
    if (frame.key === 'name') return frame.name === null ? 'name' : 'other';
    if (frame.key === 'arguments' || frame.key === 'parameters')
      return frame.arguments === null && frame.live === null ? 'arguments' : 'other';
    if (frame.key === 'id') return rules.keepsIds ? 'id' : 'other';
    if (frame.key === 'function' && frames.length <= 3) return 'call';
    return frame.key === 'tool_calls' && frames.length === 1 ? 'list' : 'other';
  };

  const enter = (kind: 'call' | 'list'): Reaction => {
    frames.push({ role: kind, key: '', id: null, name: null, arguments: null, live: null, callsBefore: count });
    return 'enter';
  };

  const reactTo = (kind: ValueKind, frame: Frame | undefined): Reaction => {
    if (role === 'call' && kind === 'object') return enter('call');
    if (kind === 'array' && (role === 'list' || frame === undefined)) return enter('list');
    if (role === 'call' && (frame === undefined || frame.role === 'list')) return spoil() ? 'skip' : 'refuse';
    if (role === 'name' && kind !== 'string') return spoil() ? 'skip' : 'refuse';
    if (role === 'arguments' && kind === 'array') return spoil() ? 'skip' : 'refuse';
    if (role === 'id' && kind !== 'string') return 'skip';
    return role === 'name' || role === 'arguments' || role === 'id' ? 'take' : 'skip';
  };

  const endTaken = (frame: Frame): boolean => {
    if (role === 'id') frame.id = parseString(text);
    if (role === 'name') {
      const name = parseString(text);
      const isDeclared = rules.tools.has(name);
      if (name === '' || !(isDeclared || rules.isAnyName)) return spoil();
      frame.name = name;
      hasDeclaredName ||= isDeclared;
    }
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
      calls.push({ id: frame.id, name: frame.name, arguments: frame.arguments ?? '{}' });
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
      if (frame !== undefined) frame.key = key;
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

/** Null, an object, or a string that holds an object; anything else is no arguments. */
function argumentsFrom(json: string): string | null {
  if (json === 'null') return '{}';
  if (json.startsWith('"')) return readJsonText(parseString(json), 'object');
  return json.startsWith('{') ? json : null;
}
