/**
 * Puts together the tool_calls deltas of a server that recognises calls itself, and straightens what servers do differently:
 * missing, repeated or absurd indexes, repeated or empty ids, names and types, whole calls in one delta, no arguments at all,
 * arguments as an object. Does not look at content.
 */
import { isObject } from '../../../shared/is-object.ts';
import type { CallSink } from './call-sink.ts';
import type { LiveCall } from './call.ts';
import { createJsonArguments, type JsonArguments } from './formats/json-calls.ts';
import type { JsonScan } from '../json/scan.ts';
import { scanJson } from '../json/scanner.ts';

export interface NativeCalls {
  feed(entries: readonly unknown[]): void;
  /** `finishReason` is the server's, null when there was none. True when a call was left that cannot be surfaced. */
  end(finishReason: string | null): boolean;
  /** Forgets the calls that are not surfaced yet. */
  forgetHeld(): void;
}

interface Entry {
  readonly index: number | null;
  readonly id: string;
  readonly name: string;
  readonly arguments: string;
}

interface NativeCall {
  id: string;
  name: string;
  /** Arguments that came before the name, in `early` emission. */
  early: string;
  live: LiveCall | null;
  readonly json: JsonArguments;
  length: number;
}

export interface NativeCallsOptions {
  readonly emission: 'atomic' | 'early';
  readonly maxArgumentsBytes: number;
  readonly sink: CallSink;
}

/** A server that opens more is broken; the sink holds the same number of calls. */
const maxCalls = 1024;

interface NativeState {
  readonly options: NativeCallsOptions;
  readonly calls: NativeCall[];
  /** By the server's index, whatever number that is: it is a name here, never a position. */
  readonly byIndex: Map<number, NativeCall>;
  /** Position of the first call that is not surfaced yet. */
  next: number;
}

export function createNativeCalls(options: NativeCallsOptions): NativeCalls {
  const state: NativeState = { options, calls: [], byIndex: new Map(), next: 0 };
  return {
    feed(entries) {
      for (const raw of entries) {
        take(state, readEntry(raw));
        if (options.sink.hasOverflowed()) return;
      }
      surfaceWhole(state, state.calls.length - 1);
    },
    end: (finishReason) => surfaceRest(state, finishReason),
    forgetHeld() {
      state.calls.length = state.next;
      state.byIndex.clear();
    },
  };
}

function take(state: NativeState, entry: Entry): void {
  const { emission, maxArgumentsBytes, sink } = state.options;
  const call = callOf(state, entry);
  if (call.id === '') call.id = entry.id;
  if (call.name === '') call.name = entry.name;
  if (emission === 'early' && call.live === null && call.name !== '') {
    call.live = sink.begin(call.name, call.id);
    call.live.append(call.early);
  }
  const { json } = call;
  call.length += entry.arguments.length;
  if (call.length > maxArgumentsBytes) sink.overflow();
  if (json.scan.status === 'open') {
    const end = scanJson(json.scan, json, entry.arguments, 0);
    if (entry.arguments.slice(end).trim() !== '') json.scan.status = 'failed';
  } else if (entry.name === '' && entry.arguments.trim() !== '') json.scan.status = 'failed';
}

/** A missing index means the next call, if there is a name and no known id; a complete call's index with a new id and name, too. */
function callOf(state: NativeState, entry: Entry): NativeCall {
  const known = entry.index === null ? state.calls.at(-1) : state.byIndex.get(entry.index);
  if (known === undefined) return create(state, entry);
  const isNamed = entry.name !== '';
  const isOther = isNamed && entry.id !== '' && entry.id !== known.id && known.json.scan.status === 'done';
  const isNext = entry.index === null && isNamed && (entry.id === '' || entry.id !== known.id);
  return isOther || isNext ? create(state, entry) : known;
}

function create({ options, calls, byIndex }: NativeState, entry: Entry): NativeCall {
  const call: NativeCall = {
    id: '',
    name: '',
    early: '',
    live: null,
    length: 0,
    json: createJsonArguments(options.emission === 'early' ? onPiece : null),
  };
  function onPiece(piece: string): void {
    if (call.live === null) call.early += piece;
    else call.live.append(piece);
  }
  calls.push(call);
  if (entry.index !== null) byIndex.set(entry.index, call);
  if (calls.length > maxCalls) options.sink.overflow();
  return call;
}

/** Surfaces, in order, the calls before `end` that are whole. */
function surfaceWhole(state: NativeState, end: number): void {
  for (; state.next < end; state.next += 1) {
    const call = state.calls[state.next];
    if (call === undefined || call.json.scan.status !== 'done' || call.name === '') return;
    surface(state.options.sink, call, call.json.text());
  }
}

/** Surfaces what is left at the end; true when something of it cannot be. */
function surfaceRest(state: NativeState, finishReason: string | null): boolean {
  let isIncomplete = false;
  const isFinished = finishReason === 'stop' || finishReason === 'tool_calls';
  for (const call of state.calls.slice(state.next)) {
    const isWhole = call.json.scan.status === 'done' && finishReason !== null;
    const isEmpty = hasNotBegun(call.json.scan) && isFinished;
    if (call.name !== '' && (isWhole || isEmpty)) surface(state.options.sink, call, isWhole ? call.json.text() : '{}');
    else isIncomplete = true;
  }
  state.next = state.calls.length;
  return isIncomplete;
}

/** `hidden` is what of the arguments was not shown while they came in. */
function surface(sink: CallSink, call: NativeCall, hidden: string): void {
  if (call.live === null) sink.surface({ id: call.id, name: call.name, arguments: hidden });
  else {
    call.live.append(hidden);
    call.live.finish();
  }
}

/** No argument at all, which is a call without arguments; one that waits for the value of a key was cut. */
function hasNotBegun({ status, expects, isObject }: JsonScan): boolean {
  return status === 'open' && expects === 'value' && isObject.length === 0;
}

function readEntry(raw: unknown): Entry {
  const entry = isObject(raw) ? raw : {};
  const called = isObject(entry['function']) ? entry['function'] : {};
  const args = called['arguments'];
  return {
    index: typeof entry['index'] === 'number' ? entry['index'] : null,
    id: typeof entry['id'] === 'string' ? entry['id'] : '',
    name: typeof called['name'] === 'string' ? called['name'] : '',
    arguments: typeof args === 'string' ? args : typeof args === 'object' && args !== null ? JSON.stringify(args) : '',
  };
}
