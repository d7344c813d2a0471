/**
 * Runs the formats over a message's text: finds where one may open, lets it read, and carries out its verdict, so that text and calls
 * come out in order and everything that was no call is shown. A format that rejects a place leaves the text as if it had never
 * looked, and does not look again at what it has read: that bounds the work.
 */
import type { BeginCall, ParsedCall } from './call-shape.ts';
import { codeMarkers, type CodeState, codeTokens, stepCode } from './code-spans.ts';
import { createCursor, type Ending, hold, moveTo, offsetOf, pushChunk, release } from './cursor.ts';
import type { DeclaredTool, ReadCalls, Region, ToolFormat, Verdict } from './formats/tool-format.ts';
import { createMarkerSet, findMarker, type MarkerSet, mayBecomeMarker, unfinishedMarkerAt } from './marker-set.ts';
import type { Reading } from './reading.ts';

export interface CallFinderOptions {
  /** In order of preference where two open at the same place. */
  readonly formats: readonly ToolFormat[];
  /** What is tried first at the start of the message. */
  readonly readStart: ReadCalls | null;
  readonly tools: ReadonlyMap<string, DeclaredTool>;
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
  /** Brings out what was held back; true when the text broke off inside a call. */
  end(ending: Ending): boolean;
}

interface OpenRegion {
  readonly format: ToolFormat | null;
  readonly start: number;
  readonly region: Region;
  readonly reading: Reading<Verdict>;
}

export function createCallFinder(options: CallFinderOptions): CallFinder {
  const { formats, tools, maxRegionChars, begin } = options;
  const input = createCursor();
  const setFor = markerSetsOf(formats);
  const starts: { format: ToolFormat | null; read: ReadCalls }[] = [];
  if (options.readStart !== null) starts.push({ format: null, read: options.readStart });
  for (const format of formats) if (format.readStart !== undefined) starts.push({ format, read: format.readStart });
  /** Offsets before which a format need not look. */
  const mutedUntil = new Map<ToolFormat, number>();
  let state: CodeState = 'prose';
  /** Offset up to which the text was shown, or dropped. */
  let shownTo = 0;
  let current: OpenRegion | null = null;
  let isIncomplete = false;
  let hasOverflowed = false;

  function open(format: ToolFormat | null, read: ReadCalls): void {
    hold(input);
    const start = offsetOf(input);
    const beginHere: BeginCall | null =
      begin &&
      ((name, id) => {
        show(start);
        return begin(name, id);
      });
    // One call that is shown and never whole is what a client can be asked to see through.
    const region: Region = { isInsideCall: false, completed: [], tools, begin: isIncomplete ? null : beginHere };
    current = { format, start, region, reading: read(input, region) };
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

  /** Looks for the next place where a format may open; false when all text is used up. */
  function search(): boolean {
    const { text, ending } = input;
    const start = starts.shift();
    if (start !== undefined) {
      open(start.format, start.read);
      return true;
    }
    const set = setFor(state);
    const hit = findMarker(set, text, input.at);
    if (hit === null) {
      input.at = ending === null ? unfinishedMarkerAt(set, text, input.at) : text.length;
      return false;
    }
    input.at = hit.at;
    if (ending === null && mayBecomeMarker(set, text, hit.at)) return false;
    if (opensHere()) return true;
    const step = stepCode(state, hit.marker);
    state = step.state;
    input.at = hit.at + step.length;
    return true;
  }

  function opensHere(): boolean {
    for (const format of formats) {
      if ((mutedUntil.get(format) ?? 0) > offsetOf(input)) continue;
      for (const { marker, isOutsideCode, read } of format.openers) {
        if ((isOutsideCode && state !== 'prose') || !input.text.startsWith(marker, input.at)) continue;
        open(format, read);
        return true;
      }
    }
    return false;
  }

  /** Lets the open region read on; false when it waits for more text. */
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
    else if (isLimited) runOut(opened, true);
    else if (ending !== null) runOut(opened, false);
    else return false;
    return true;
  }

  /** The region met the end of the text, or its limit. */
  function runOut(opened: OpenRegion, isLimit: boolean): void {
    if (!opened.region.isInsideCall) {
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

  function settle({ format, start }: OpenRegion, verdict: Verdict): void {
    if (verdict.kind === 'text') {
      moveTo(input, start);
      close();
      if (format !== null) mutedUntil.set(format, Math.max(verdict.muteUntil, mutedUntil.get(format) ?? 0));
      return;
    }
    starts.length = 0;
    show(start);
    if (verdict.kind === 'calls') {
      for (const call of verdict.calls) options.onCall(call);
      if (verdict.isBroken === true) isIncomplete = true;
    } else {
      moveTo(input, verdict.from);
      const body = input.text.slice(input.at, verdict.to - input.base);
      options.onContent((verdict.without ?? []).reduce((text, marker) => text.replaceAll(marker, ''), body));
    }
    moveTo(input, verdict.resumeAt);
    shownTo = verdict.resumeAt;
    close();
    if (format?.readNext !== undefined) open(format, format.readNext);
  }

  function run(): void {
    while (!hasOverflowed && (current === null ? search() : advance(current)));
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
  };
}

/** What is looked for in a state of Markdown code. Without a format that cares about code there is one state and one set. */
function markerSetsOf(formats: readonly ToolFormat[]): (state: CodeState) => MarkerSet {
  const openers = formats.flatMap((format) => format.openers);
  const followsCode = openers.some((opener) => opener.isOutsideCode);
  const unless = new Map(openers.flatMap(({ marker, unless: not }) => (not === undefined ? [] : [[marker, not]])));
  const sets = new Map<CodeState, MarkerSet>();
  return (state) => {
    const known = sets.get(state);
    if (known !== undefined) return known;
    const markers = openers.filter((opener) => state === 'prose' || !opener.isOutsideCode).map((opener) => opener.marker);
    if (followsCode) markers.push(...codeMarkers[state]);
    const set = createMarkerSet(markers, { unless, others: followsCode ? codeTokens[state] : null });
    sets.set(state, set);
    return set;
  };
}
