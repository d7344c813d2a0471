/**
 * Runs the formats over a message's text: opens a region where a call may stand, lets its format read, and carries out the
 * verdict, so that text and calls come out in order and everything that was no call is shown. A format that rejects a place
 * leaves the text as if it had never looked, and does not look again at what it has read: that bounds the work.
 */
import type { BeginCall, ParsedCall } from './call.ts';
import { createCursor, type TextEnd, hold, moveTo, offsetOf, pushChunk, release } from './cursor.ts';
import type { DeclaredTools } from './declared-tool.ts';
import type { ReadCalls, Region, ToolFormat, Verdict } from './formats/tool-format.ts';
import { createOpenerSearch, type Start } from './opener-search.ts';
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
  /** Forgets the text that was held back, and goes on behind what was shown. */
  forgetHeld(): void;
}

interface OpenRegion {
  readonly format: ToolFormat | null;
  readonly quotation: Quotation | null;
  readonly start: number;
  readonly region: Region;
  readonly reading: Reading<Verdict>;
}

export function createCallFinder(options: CallFinderOptions): CallFinder {
  const { formats, tools, maxRegionChars, begin } = options;
  const input = createCursor();
  const search = createOpenerSearch(formats);
  const starts: Start[] = [];
  if (options.readStart !== null) starts.push({ format: null, read: options.readStart, quotation: null });
  for (const format of formats)
    if (format.readStart !== undefined) starts.push({ format, read: format.readStart, quotation: null });
  /** Offset up to which the text was shown, or dropped. */
  let shownTo = 0;
  let current: OpenRegion | null = null;
  let isIncomplete = false;
  let nextStart = 0;
  let hasOverflowed = false;
  /** A quoted call proved to be one because nothing but calls follows it. */
  let areRestCalls = false;

  function open({ format, read, quotation: found }: Start): void {
    const quotation = found === null ? null : { ...found, mustBeLast: found.mustBeLast && !areRestCalls };
    hold(input);
    const start = offsetOf(input);
    const beginHere: BeginCall | null =
      begin &&
      ((name, id) => {
        region.isNamed = true;
        show(start);
        return begin(name, id);
      });
    // One call that is shown and never whole is what a client can be asked to see through.
    const mayBegin = !isIncomplete && quotation === null;
    const region: Region = { isInsideCall: false, isNamed: false, completed: [], tools, begin: mayBegin ? beginHere : null };
    const reading = quotation === null ? read(input, region) : readQuoted(input, region, read, quotation);
    current = { format, quotation, start, region, reading };
  }

  function close(): void {
    current = null;
    release(input);
  }

  /** Everything up to an offset is content. It goes out in one piece, as late as it can: false starts in it cost nothing more. */
  function show(offset: number): void {
    if (offset > shownTo) options.onContent(input.text.slice(shownTo - input.base, offset - input.base));
    shownTo = Math.max(shownTo, offset);
  }

  /** Opens the next region; false when all text is used up. */
  function openNext(): boolean {
    const isAtStart = nextStart < starts.length;
    const start = (isAtStart ? starts[nextStart] : search.next(input)) ?? null;
    if (start === null) return false;
    if (isAtStart) nextStart += 1;
    open(start);
    return true;
  }

  /** Lets the open region read on; false when it waits for more text, or none will do. */
  function advance(opened: OpenRegion): boolean {
    const room = opened.start + maxRegionChars - offsetOf(input);
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
    if (step.done === true) settle(opened, step.value);
    else if (isLimited) meetEnd(opened, true);
    else if (ending !== null) meetEnd(opened, false);
    else return false;
    return !hasOverflowed;
  }

  /** The region met the end of the text, or its limit. */
  function meetEnd(opened: OpenRegion, isLimit: boolean): void {
    // Cut by a limit, a region is dropped as soon as it is open. A model that ended by itself, or went on for ever, must have named a tool.
    const isCall = !isLimit && input.ending === 'cut' ? opened.region.isInsideCall : opened.region.isNamed;
    if (!isCall || opened.quotation?.isInCode === true) {
      const muteUntil = isLimit ? opened.start + maxRegionChars : offsetOf(input);
      settle(opened, { kind: 'text', muteUntil });
      return;
    }
    show(opened.start);
    close();
    if (isLimit) {
      hasOverflowed = true;
      options.onOverflow();
      return;
    }
    isIncomplete = true;
    for (const call of opened.region.completed) options.onCall(call);
    input.at = input.text.length;
    shownTo = offsetOf(input);
  }

  function settle({ format, quotation, start }: OpenRegion, verdict: Verdict): void {
    if (verdict.kind === 'text') {
      moveTo(input, start);
      close();
      if (format !== null) search.mute(format, verdict);
      return;
    }
    nextStart = starts.length;
    show(start);
    for (const call of verdict.calls) options.onCall(call);
    if (verdict.isBroken === true) isIncomplete = true;
    areRestCalls ||= verdict.isLast === true;
    moveTo(input, verdict.resumeAt);
    search.jump();
    shownTo = verdict.resumeAt;
    close();
    if (format?.readNext !== undefined) open({ format, read: format.readNext, quotation });
  }

  function run(): void {
    while (current === null ? openNext() : advance(current));
    if (!hasOverflowed) show(current?.start ?? offsetOf(input));
  }

  return {
    feed(chunk) {
      if (chunk === '' || hasOverflowed) return;
      pushChunk(input, chunk);
      run();
    },
    end(ending) {
      input.ending = ending;
      run();
      return isIncomplete;
    },
    forgetHeld() {
      if (current !== null) moveTo(input, current.start);
      close();
      input.text = input.text.slice(0, input.at);
      if (shownTo === 0) nextStart = 0;
      search.forgetFrom(shownTo);
    },
  };
}
