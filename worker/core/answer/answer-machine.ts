/**
 * Turns what a model server sends (its own tool_calls deltas, or text with calls in one of several formats, possibly opening
 * with reasoning) into clean answer events. Whole and streamed answers go through the same machine, so they cannot differ. Pure:
 * ids come in as an argument, and nothing is kept but what may still become part of a call.
 */
import type { ReasoningId, ToolFormatId } from '../../../shared/config.ts';
import type { ChunkDelta, FinishReason } from '../upstreams/dialect.ts';
import { createEventList, type EventList, type SpokenEvent } from './answer-events.ts';
import { createReasoningSplitter } from './reasoning-styles.ts';
import { type CallFinder, createCallFinder } from '../tools/call-finder.ts';
import { type CallSink, createCallSink, type SurfacedCall } from '../tools/call-sink.ts';
import type { DeclaredTool } from '../tools/declared-tool.ts';
import { toolFormats } from '../tools/formats/registry.ts';
import { callStarts } from '../tools/formats/tool-format.ts';
import { readNamedChoice } from '../tools/named-choice.ts';
import { createNativeCalls } from '../tools/native-calls.ts';

export type { SpokenEvent, SurfacedCall };

/** What the machine reads of a delta. */
export type UpstreamDelta = Pick<ChunkDelta, 'content' | 'reasoning' | 'tool_calls'>;

export interface AnswerEnd {
  /** What was held back until now. */
  readonly events: readonly SpokenEvent[];
  /** For the client: `tool_calls` instead of `stop` when there are calls, else the server's own. */
  readonly finishReason: FinishReason | null;
  /** The answer broke off inside a call, which was therefore not surfaced (or, in `early` emission, is shown in part). */
  readonly isIncomplete: boolean;
  /**
   * The model ended its answer by itself, but a call is incomplete, or it announced calls and made none. Such an answer is never a
   * success, whatever of it was shown; its complete calls may be shown before the error.
   */
  readonly hasBrokenCall: boolean;
  /** A call passed a limit; nothing after it was surfaced, and the answer cannot be used. */
  readonly overflow: boolean;
  /** The complete calls, in the order of their indexes. */
  readonly calls: readonly SurfacedCall[];
}

export interface AnswerMachine {
  /**
   * True when content comes out as it went in, so that a caller may pass it on unfed. Deltas with reasoning or tool_calls must
   * be fed.
   */
  readonly isTransparent: boolean;
  /** A call passed a limit: nothing more will come, and the upstream may be freed. */
  hasOverflowed(): boolean;
  /** The events of one delta, in order. Costs time in proportion to the delta, whatever came before. */
  feed(delta: UpstreamDelta): readonly SpokenEvent[];
  /**
   * The upstream call broke off, and another one continues from the text that was shown: its deltas are fed to the same machine, which
   * therefore knows whether the answer is inside a code block, inside a JSON answer, or past its beginning. Forgets what was held back,
   * which the client does not have and the other call repeats; `end` is then called once, with that call's finish reason. Not for a call
   * that repeats the whole answer (which is another answer, for a new machine), nor once a call is shown in part.
   */
  forgetHeld(): void;
  /** Once, when no more deltas come; `upstreamFinishReason` is null when the answer broke off without one. */
  end(upstreamFinishReason: FinishReason | null): AnswerEnd;
}

export interface AnswerMachineOptions {
  /** Formats in which the model writes calls, the most likely first; [] trusts the server's own tool_calls. */
  readonly formats: readonly ToolFormatId[];
  /** The request's tools; the formats with untyped values need `parameters`, their JSON Schema. */
  readonly tools: readonly DeclaredTool[];
  readonly toolChoice: 'auto' | 'none' | 'required' | { readonly name: string };
  readonly allowsParallelCalls: boolean;
  readonly reasoning: ReasoningId;
  /** `atomic` shows a call when it is whole and valid, `early` its arguments as they come. */
  readonly emission: 'atomic' | 'early';
  /** Largest arguments of one call, in bytes of UTF-8. */
  readonly maxArgumentsBytes: number;
  /** Used where the server or model gave no id of its own. */
  newCallId(): string;
}

/** Finish reasons that already say that something is missing: a call cut by a limit is not a broken call. */
export const limitReasons: ReadonlySet<FinishReason | null> = new Set(['length', 'content_filter']);

/** Markers, names and white space that a region may hold besides the arguments, in UTF-16 units. */
const regionOverheadChars = 4096;

export function createAnswerMachine(options: AnswerMachineOptions): AnswerMachine {
  const events = createEventList();
  const sink = createCallSink(options, events);
  const native = createNativeCalls({ emission: options.emission, maxArgumentsBytes: options.maxArgumentsBytes, sink });
  const content = createContentGate(events, sink);
  const finder = createFinder(options, sink, content);
  const onText = (text: string) => events.push({ kind: 'text', text });
  const onAnswer = finder?.feed ?? (options.reasoning === 'none' ? onText : content.pass);
  const splitter = createReasoningSplitter(options.reasoning, {
    onReasoning: (text) => events.push({ kind: 'reasoning', text }),
    onAnswer,
    onClosed: content.endReasoning,
  });

  return {
    isTransparent: isTransparent(options),
    hasOverflowed: sink.hasOverflowed,

    feed({ content: text, reasoning, tool_calls: entries }) {
      if (sink.hasOverflowed()) return events.take();
      if (reasoning !== undefined && reasoning !== null && reasoning !== '') {
        splitter?.skip();
        events.push({ kind: 'reasoning', text: reasoning });
      }
      if (text !== undefined && text !== null && text !== '')
        (splitter === null || splitter.isDone() ? onAnswer : splitter.feed)(text);
      if (entries !== undefined && entries !== null && entries.length > 0) native.feed(entries);
      return events.take();
    },

    forgetHeld() {
      splitter?.forgetHeld();
      finder?.forgetHeld();
      native.forgetHeld();
      content.forgetHeld();
    },

    end(upstreamFinishReason) {
      const isCut = upstreamFinishReason === null || limitReasons.has(upstreamFinishReason);
      splitter?.end();
      const isTextCut = finder?.end(isCut ? 'cut' : 'stop') ?? false;
      const isNativeCut = native.end(upstreamFinishReason);
      content.end();
      const overflow = sink.hasOverflowed();
      const isIncomplete = isTextCut || isNativeCut || overflow || sink.hasUnfinished();
      const isEmptyPromise = sink.calls.length === 0 && upstreamFinishReason === 'tool_calls';
      return {
        events: events.take(),
        finishReason: finishReasonFor(upstreamFinishReason, sink),
        isIncomplete,
        hasBrokenCall: !isCut && (isIncomplete || isEmptyPromise),
        overflow,
        calls: sink.calls,
      };
    },
  };
}

/** The end of a choice that was nothing but text, and that no machine has read. */
export function endOfText(upstreamFinishReason: FinishReason): AnswerEnd {
  const hasBrokenCall = upstreamFinishReason === 'tool_calls';
  return { events: [], finishReason: upstreamFinishReason, isIncomplete: false, hasBrokenCall, overflow: false, calls: [] };
}

type Readable = Pick<AnswerMachineOptions, 'formats' | 'tools' | 'toolChoice' | 'reasoning'>;

/** Whether content comes out of the machine as it went in, whatever it is. */
export function isTransparent(options: Readable): boolean {
  return options.reasoning === 'none' && !mayHoldCalls(options);
}

/** Whether this whole text comes out of the machine as it went in: nothing in it can be reasoning, or the beginning of a call. */
export function isPlainText(options: Readable, text: string): boolean {
  if (options.reasoning !== 'none') return false;
  return !mayHoldCalls(options) || (!mayStartCalls(options, text) && !hasOpener(options.formats, text));
}

/** Whether a text can be a call at all. */
function mayHoldCalls({ formats, tools, toolChoice }: Readable): boolean {
  if (tools.length === 0 || toolChoice === 'none') return false;
  return formats.length > 0 || toolChoice === 'required' || typeof toolChoice === 'object';
}

function mayStartCalls({ formats, toolChoice }: Readable, text: string): boolean {
  const readsStart = toolChoice !== 'auto' || formats.some((id) => toolFormats[id].readStart !== undefined);
  return readsStart && callStarts.test(text);
}

function hasOpener(formats: readonly ToolFormatId[], text: string): boolean {
  return formats.some((id) => toolFormats[id].openers.some(({ marker }) => text.includes(marker)));
}

/** The finder of calls in text; null when no text can be one. */
function createFinder(options: AnswerMachineOptions, sink: CallSink, content: ContentGate): CallFinder | null {
  if (!mayHoldCalls(options)) return null;
  const { toolChoice, tools, emission, maxArgumentsBytes } = options;
  const ids = new Set(options.formats);
  if (toolChoice === 'required') ids.add('json_bare');
  return createCallFinder({
    formats: [...ids].map((id) => toolFormats[id]),
    readStart: typeof toolChoice === 'object' ? readNamedChoice(toolChoice.name) : null,
    tools: new Map(tools.map((tool) => [tool.name, tool])),
    maxRegionChars: maxArgumentsBytes + regionOverheadChars,
    begin: emission === 'early' ? sink.begin : null,
    onContent: content.pass,
    onCall: sink.surface,
    onOverflow: sink.overflow,
  });
}

interface ContentGate {
  pass(text: string): void;
  /** The answer begins here: white space at its beginning waits, and its empty lines belong to the marker. */
  endReasoning(): void;
  forgetHeld(): void;
  end(): void;
}

/** More leading white space than this is content like any other. */
const maxBlankChars = 1024;

/**
 * Content on its way out. White space behind reasoning or a call waits until something follows it, and is dropped if nothing but
 * calls does: so a message that only calls tools has no content, as clients expect.
 */
function createContentGate(events: EventList, sink: CallSink): ContentGate {
  let hasInk = false;
  let isBehindReasoning = false;
  let blank = '';
  const release = (text: string): void => {
    const held = blank + text;
    const whole = isBehindReasoning ? withoutEmptyLines(held) : held;
    hasInk = true;
    isBehindReasoning = false;
    blank = '';
    if (whole !== '') events.push({ kind: 'text', text: whole });
  };
  return {
    pass(text) {
      if (sink.hasOverflowed()) return;
      if (hasInk || blank.length + text.length > maxBlankChars || text.trim() !== '') release(text);
      else if (isBehindReasoning || sink.calls.length > 0) blank += text;
      else if (text !== '') events.push({ kind: 'text', text });
    },
    endReasoning() {
      isBehindReasoning = true;
    },
    forgetHeld() {
      blank = '';
    },
    end() {
      if (sink.calls.length === 0) release('');
    },
  };
}

/** White space in front of the answer up to its first line, which keeps its own. */
function withoutEmptyLines(text: string): string {
  const blankChars = text.length - text.trimStart().length;
  return blankChars > maxBlankChars ? text : text.slice(text.slice(0, blankChars).lastIndexOf('\n') + 1);
}

function finishReasonFor(upstream: FinishReason | null, sink: CallSink): FinishReason | null {
  // A call that is shown in part must not look like one to carry out.
  if (sink.hasUnfinished()) return upstream === 'tool_calls' ? 'length' : upstream;
  return sink.calls.length > 0 && upstream === 'stop' ? 'tool_calls' : upstream;
}
