/**
 * Where recognised calls become visible, whatever they were read from: numbers them from 0, gives each an id that is unique in
 * the message, keeps only the first where parallel calls are not allowed, and holds the limits. It does not judge arguments.
 */
import type { LiveCall, ParsedCall } from './call.ts';

/** What becomes visible of a call: its beginning, pieces of its arguments as long as they come in, its end. */
export type CallEvent =
  /** `arguments` are whole where calls are shown when they are whole, else their first piece. `index` counts the calls of a message. */
  | { readonly kind: 'call'; readonly index: number; readonly id: string; readonly name: string; readonly arguments: string }
  | { readonly kind: 'call_arguments'; readonly index: number; readonly arguments: string }
  /** Without it the call was cut. */
  | { readonly kind: 'call_end'; readonly index: number };

/** A call as the client got it. */
export interface SurfacedCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: string;
}

export interface CallSink {
  /** Complete calls, in order. */
  readonly calls: readonly SurfacedCall[];
  /** Whether a call is shown that was never finished. */
  hasUnfinished(): boolean;
  /** Whether a call passed a limit; the answer cannot be used then. */
  hasOverflowed(): boolean;
  surface(call: ParsedCall): void;
  begin(name: string, id: string | null): LiveCall;
  overflow(): void;
}

export interface CallSinkOptions {
  readonly allowsParallelCalls: boolean;
  /** Of one call, in bytes of UTF-8. */
  readonly maxArgumentsBytes: number;
  newCallId(): string;
}

export interface CallEvents {
  push(event: CallEvent): void;
}

/** More calls in one message mean a runaway model; ids and calls are kept until the end, so their number must be bounded. */
const maxCalls = 1024;

const hiddenCall: LiveCall = { append: () => {}, finish: () => {} };

interface SinkState {
  readonly options: CallSinkOptions;
  readonly events: CallEvents;
  readonly calls: SurfacedCall[];
  readonly ids: Set<string>;
  shown: number;
  unfinished: number;
  hasOverflowed: boolean;
}

export function createCallSink(options: CallSinkOptions, events: CallEvents): CallSink {
  const state: SinkState = { options, events, calls: [], ids: new Set(), shown: 0, unfinished: 0, hasOverflowed: false };
  return {
    calls: state.calls,
    hasUnfinished: () => state.unfinished > 0,
    hasOverflowed: () => state.hasOverflowed,
    surface: (call) => surface(state, call),
    begin: (name, id) => begin(state, name, id),
    overflow() {
      state.hasOverflowed = true;
    },
  };
}

/** The place of one more call; null when it must not be shown. */
function admit(state: SinkState, ownId: string | null): { readonly index: number; readonly id: string } | null {
  const { options, ids, shown: index } = state;
  if (state.hasOverflowed || (index > 0 && !options.allowsParallelCalls)) return null;
  if (index >= maxCalls) {
    state.hasOverflowed = true;
    return null;
  }
  state.shown += 1;
  let id = ownId === null || ownId === '' || ids.has(ownId) ? options.newCallId() : ownId;
  while (ids.has(id)) id = `${id}-${index}`;
  ids.add(id);
  return { index, id };
}

function surface(state: SinkState, call: ParsedCall): void {
  const { options, events, calls } = state;
  if (isLongerThan(call.arguments, options.maxArgumentsBytes)) state.hasOverflowed = true;
  const place = admit(state, call.id);
  if (place === null) return;
  events.push({ kind: 'call', index: place.index, id: place.id, name: call.name, arguments: call.arguments });
  events.push({ kind: 'call_end', index: place.index });
  calls.push({ id: place.id, name: call.name, arguments: call.arguments });
}

function begin(state: SinkState, name: string, ownId: string | null): LiveCall {
  const place = admit(state, ownId);
  if (place === null) return hiddenCall;
  const { options, events, calls } = state;
  const { maxArgumentsBytes } = options;
  const { index, id } = place;
  let whole = '';
  // The last brace is held back, so that an unfinished call never parses.
  let brace = '';
  state.unfinished += 1;
  events.push({ kind: 'call', index, id, name, arguments: '' });
  const show = (piece: string): void => {
    if (piece !== '') events.push({ kind: 'call_arguments', index, arguments: piece });
  };
  return {
    append(piece) {
      whole += piece;
      if (whole.length > maxArgumentsBytes) state.hasOverflowed = true;
      if (state.hasOverflowed || piece === '') return;
      const ready = brace + piece;
      brace = piece.endsWith('}') ? '}' : '';
      show(ready.slice(0, ready.length - brace.length));
    },
    finish() {
      if (isLongerThan(whole, maxArgumentsBytes)) state.hasOverflowed = true;
      if (state.hasOverflowed) return;
      show(brace);
      events.push({ kind: 'call_end', index });
      state.unfinished -= 1;
      calls.push({ id, name, arguments: whole });
    },
  };
}

/** Whether `text` takes more than `maxBytes` in UTF-8; looks at the characters only when its length leaves it open. */
function isLongerThan(text: string, maxBytes: number): boolean {
  if (text.length > maxBytes) return true;
  if (text.length * 3 <= maxBytes) return false;
  let bytes = text.length;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    // A surrogate is half of four bytes.
    if (code > 0x7f) bytes += code > 0x7ff && (code < 0xd800 || code > 0xdfff) ? 2 : 1;
  }
  return bytes > maxBytes;
}
