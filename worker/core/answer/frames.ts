/**
 * Formats that frame every part of a message, reasoning and answer alike: where a part ends and which one begins. Since a part may quote
 * the tokens, one counts only where a whole boundary stands: an end with the next part's header, or with nothing, behind it.
 */
import { createMarkerSet, type MarkerSet } from '../text/marker-set.ts';
import { type Cursor, offsetOf } from '../tools/cursor.ts';
import { harmonyChannel, harmonyStart, readHarmonyHeader } from '../tools/harmony-header.ts';
import { endsInside, type Reading, readName, sees, seesOne, skipWhitespace, takes, takesOne } from '../tools/reading.ts';

/** `call`: one call as the tool formats know it, header included. `rest`: all that follows is the answer's, and no more boundaries. */
export type FrameRoute = 'reasoning' | 'answer' | 'call' | 'rest';

export interface Boundary {
  /** Null: the message is over. */
  readonly route: FrameRoute | null;
  /** Where the text of the part begins: behind its header, or with it if the header goes with the part. */
  readonly from: number;
}

export interface FramePlace {
  readonly route: FrameRoute;
  /** Nothing but white space stands before it. */
  readonly isFirst: boolean;
}

export interface FrameStyle {
  /** What a message is that begins without a header. */
  readonly start: 'reasoning' | 'answer';
  /** What ends a call; '' if calls have no part of their own. */
  readonly callEnd: string;
  /** Where a boundary may begin, and where code blocks of an answer do. */
  readonly marks: MarkerSet;
  /** From a mark to behind the boundary; null if there is none. */
  readBoundary(input: Cursor, place: FramePlace): Reading<Boundary | null>;
}

/** Opens and closes a code block: in one, a boundary is quoted. */
export const fence = '```';

const harmonyEnds = ['<|end|>', '<|return|>', '<|call|>'];
const harmonyHeads = [harmonyStart, harmonyChannel];

/** gpt-oss. Source: openai/harmony, `docs/format.md`. `analysis` is reasoning; `final`, and `commentary` to nobody, are the answer. */
export const harmonyFrames: Omit<FrameStyle, 'start'> = {
  callEnd: '<|call|>',
  marks: createMarkerSet([...harmonyEnds, ...harmonyHeads, fence]),
  *readBoundary(input) {
    const hasEnd = yield* takesOne(input, harmonyEnds);
    if (hasEnd) yield* skipWhitespace(input);
    const from = offsetOf(input);
    if (yield* seesOne(input, harmonyHeads)) {
      const header = yield* readHarmonyHeader(input);
      if (header === 'cut') return endOf(input);
      if (header === null) return null;
      if (header.tool !== null) return { route: 'call', from };
      return { route: header.channel === 'analysis' ? 'reasoning' : 'answer', from: offsetOf(input) };
    }
    return hasEnd && (yield* isOver(input, harmonyHeads)) ? endOf(input) : null;
  },
};

const [xtmlOpen, xtmlClose, xtmlEnd] = ['<|open|>', '<|close|>', '<|sep|>'];

/**
 * Kimi K3: `<|open|>think<|sep|>…<|close|>think<|sep|>`, the same of `response` and `tools`, then `<|close|>message<|sep|>`.
 * Sources: vLLM, `reasoning/kimi_k3_reasoning_parser`; llama.cpp, `common/parsers/kimi-k3.cpp`.
 */
export const xtmlFrames: Omit<FrameStyle, 'start'> = {
  callEnd: '',
  marks: createMarkerSet([xtmlOpen, xtmlClose, fence]),
  *readBoundary(input, { isFirst }) {
    let hasClosed = false;
    for (;;) {
      const from = offsetOf(input);
      const isOpening = yield* takes(input, xtmlOpen);
      if (!isOpening && !(yield* takes(input, xtmlClose)))
        return hasClosed && (yield* isOver(input, [xtmlOpen, xtmlClose])) ? endOf(input) : null;
      const tag = yield* readTag(input);
      if (tag === null) return endsInside(input, xtmlEnd) ? endOf(input) : null;
      if (isOpening) {
        if (tag === 'tools') return yield* readTools(input, from);
        if (!hasClosed && !isFirst) return null;
        return tag === 'think' || tag === 'response'
          ? { route: tag === 'think' ? 'reasoning' : 'answer', from: offsetOf(input) }
          : null;
      }
      if (tag !== 'think' && tag !== 'response' && tag !== 'message') return null;
      hasClosed = true;
      yield* skipWhitespace(input);
    }
  },
};

/** Calls follow, and nothing else of the message. */
function* readTools(input: Cursor, from: number): Reading<Boundary | null> {
  yield* skipWhitespace(input);
  if (yield* sees(input, xtmlOpen)) return { route: 'rest', from };
  return endsInside(input, xtmlOpen) ? endOf(input) : null;
}

function* readTag(input: Cursor): Reading<string | null> {
  yield* skipWhitespace(input);
  const tag = yield* readName(input, 10);
  yield* skipWhitespace(input);
  return (yield* takes(input, xtmlEnd)) ? tag : null;
}

/** Nothing follows, or only the beginning of another token, where the text was cut. */
function* isOver(input: Cursor, tokens: readonly string[]): Reading<boolean> {
  for (const token of tokens) if (yield* sees(input, token)) return false;
  return tokens.some((token) => endsInside(input, token));
}

function endOf(input: Cursor): Boundary {
  input.at = input.text.length;
  return { route: null, from: offsetOf(input) };
}
