/**
 * Runs the formats over a message's text: opens a region where a call may stand, lets its format read, and carries out the
 * verdict, so that text and calls come out in order and everything that is not a call is shown. A format that rejects a place
 * leaves the text unchanged, and does not look again at what it has read: that bounds the work.
 */
import type { BeginCall, ParsedCall } from './call.ts';
import { createCursor, type Cursor, type TextEnd, hold, moveTo, offsetOf, pushChunk, release } from './cursor.ts';
import type { DeclaredTools } from './declared-tool.ts';
import type { ReadCalls, Region, ToolFormat, Verdict } from './formats/tool-format.ts';
import { createOpenerSearch, type OpenerSearch, type Start } from './opener-search.ts';
import { type Quotation, readQuoted } from './quoted-calls.ts';
import type { Reading } from './reading.ts';

export interface CallFinderOptions {
  /** In order of preference where two open at the same place. */
  readonly formats: readonly ToolFormat[];
  /** What is tried first at the start of the message. */
  readonly readStart: ReadCalls | null;
  readonly tools: DeclaredTools;
  /** The longest region, markers included, in UTF-16 units. */
  readonly maxRegionChars: number;
  readonly begin: BeginCall | null;
  onContent(text: string): void;
  onCall(call: ParsedCall): void;
  /** A region that is a call for certain passed the limit: nothing more comes. */
  onOverflow(): void;
}

export interface CallFinder {
  feed(chunk: string): void;
  /** Brings out what was held back; true when something of it was no text: the text broke off inside a call. */
  end(ending: TextEnd): boolean;
  /** Forgets the text that was held back, and continues after what was shown. */
  forgetHeld(): void;
}

interface OpenRegion {
  readonly format: ToolFormat | null;
  readonly quotation: Quotation | null;
  readonly start: number;
  readonly region: Region;
  readonly reading: Reading<Verdict>;
}

interface FinderState {
  readonly options: CallFinderOptions;
  readonly input: Cursor;
  readonly search: OpenerSearch;
  /** What is tried at the start of the message, and how much of it was tried. */
  readonly starts: readonly Start[];
  nextStart: number;
  /** Offset up to which the text was shown, or dropped. */
  shownTo: number;
  current: OpenRegion | null;
  isIncomplete: boolean;
  hasOverflowed: boolean;
  /** A quoted call proved to be one because nothing but calls follows it. */
  areRestCalls: boolean;
}

export function createCallFinder(options: CallFinderOptions): CallFinder {
  const state: FinderState = {
    options,
    input: createCursor(),
    search: createOpenerSearch(options.formats),
    starts: startsOf(options),
    nextStart: 0,
    shownTo: 0,
    current: null,
    isIncomplete: false,
    hasOverflowed: false,
    areRestCalls: false,
  };
  return {
    feed(chunk) {
      if (chunk === '' || state.hasOverflowed) return;
      pushChunk(state.input, chunk);
      run(state);
    },
    end(ending) {
      state.input.ending = ending;
      run(state);
      return state.isIncomplete;
    },
    forgetHeld: () => forgetHeld(state),
  };
}

function startsOf({ formats, readStart }: CallFinderOptions): readonly Start[] {
  const starts: Start[] = [];
  if (readStart !== null) starts.push({ format: null, read: readStart, quotation: null });
  for (const format of formats)
    if (format.readStart !== undefined) starts.push({ format, read: format.readStart, quotation: null });
  return starts;
}

function run(state: FinderState): void {
  while (state.current === null ? openNext(state) : advance(state, state.current));
  if (!state.hasOverflowed) show(state, state.current?.start ?? offsetOf(state.input));
}

/** Opens the next region; false when all text is used up. */
function openNext(state: FinderState): boolean {
  const { starts, nextStart, search, input } = state;
  const isAtStart = nextStart < starts.length;
  const start = (isAtStart ? starts[nextStart] : search.next(input)) ?? null;
  if (start === null) return false;
  if (isAtStart) state.nextStart += 1;
  open(state, start);
  return true;
}

function open(state: FinderState, { format, read, quotation: found }: Start): void {
  const { input, options } = state;
  const { begin } = options;
  const quotation = found === null ? null : { ...found, mustBeLast: found.mustBeLast && !state.areRestCalls };
  hold(input);
  const start = offsetOf(input);
  const beginHere: BeginCall | null =
    begin &&
    ((name, id) => {
      region.isNamed = true;
      show(state, start);
      return begin(name, id);
    });
  // At most one incomplete call may be shown to a client.
  const mayBegin = !state.isIncomplete && quotation === null;
  const region: Region = {
    isInsideCall: false,
    isNamed: false,
    completed: [],
    tools: options.tools,
    begin: mayBegin ? beginHere : null,
  };
  const reading = quotation === null ? read(input, region) : readQuoted(input, region, read, quotation);
  state.current = { format, quotation, start, region, reading };
}

function close(state: FinderState): void {
  state.current = null;
  release(state.input);
}

/** Everything up to an offset is content. It goes out in one piece, as late as it can: false starts in it cost nothing more. */
function show(state: FinderState, offset: number): void {
  const { input, shownTo, options } = state;
  if (offset <= shownTo) return;
  options.onContent(input.text.slice(shownTo - input.base, offset - input.base));
  state.shownTo = offset;
}

/** Lets the open region read on; false when it waits for more text, or none will do. */
function advance(state: FinderState, opened: OpenRegion): boolean {
  const { input } = state;
  const room = opened.start + state.options.maxRegionChars - offsetOf(input);
  const { text, ending } = input;
  const isLimited = text.length - input.at > room;
  if (isLimited) {
    input.text = text.slice(0, input.at + room);
    input.ending = null;
  }
  const limited = input.text;
  const step = opened.reading.next();
  if (isLimited) {
    input.text = input.text === limited ? text : input.text + text.slice(limited.length);
    input.ending = ending;
  }
  if (step.done === true) settle(state, opened, step.value);
  else if (isLimited) meetEnd(state, opened, true);
  else if (ending !== null) meetEnd(state, opened, false);
  else return false;
  return !state.hasOverflowed;
}

/** The region met the end of the text, or its limit. */
function meetEnd(state: FinderState, opened: OpenRegion, isLimit: boolean): void {
  const { input, options } = state;
  // Cut by a limit, a region is dropped as soon as it is open. If the model ended by itself, or wrote without end, it must have named a tool.
  const isCall = !isLimit && input.ending === 'cut' ? opened.region.isInsideCall : opened.region.isNamed;
  if (!isCall || opened.quotation?.isInCode === true) {
    const muteUntil = isLimit ? opened.start + options.maxRegionChars : offsetOf(input);
    settle(state, opened, { kind: 'text', muteUntil });
    return;
  }
  show(state, opened.start);
  close(state);
  if (isLimit) {
    state.hasOverflowed = true;
    options.onOverflow();
    return;
  }
  state.isIncomplete = true;
  for (const call of opened.region.completed) options.onCall(call);
  input.at = input.text.length;
  state.shownTo = offsetOf(input);
}

function settle(state: FinderState, { format, quotation, start }: OpenRegion, verdict: Verdict): void {
  const { input, search } = state;
  if (verdict.kind === 'text') {
    moveTo(input, start);
    close(state);
    if (format !== null) search.mute(format, verdict);
    return;
  }
  state.nextStart = state.starts.length;
  show(state, start);
  for (const call of verdict.calls) state.options.onCall(call);
  if (verdict.isBroken === true) state.isIncomplete = true;
  if (verdict.isLast === true) state.areRestCalls = true;
  moveTo(input, verdict.resumeAt);
  search.jump();
  state.shownTo = verdict.resumeAt;
  close(state);
  if (format?.readNext !== undefined) open(state, { format, read: format.readNext, quotation });
}

function forgetHeld(state: FinderState): void {
  const { input, current } = state;
  if (current !== null) moveTo(input, current.start);
  close(state);
  input.text = input.text.slice(0, input.at);
  if (state.shownTo === 0) state.nextStart = 0;
  state.search.forgetFrom(state.shownTo);
}
