/**
 * Calls between tokens of their own: a header that names the tool, then the arguments as one JSON object. What the tokens are, and how a
 * header reads, is the formats' matter (`TokenSyntax`). One region is one call; the tokens of a section around the calls go with it.
 */
import type { ToolFormatId } from '../../../../shared/config.ts';
import { createMarkerSet } from '../../text/marker-set.ts';
import { type Cursor, offsetOf } from '../cursor.ts';
import { isDeclaration } from '../declared-tool.ts';
import { peek, type Reading, runOut, skipWhitespace, takesLast, takesOne } from '../reading.ts';
import { type Closing, leaveBroken, readClosing, readClosingOfNone, readMalformed } from './closing.ts';
import { createJsonArguments, isRepairedAt, type JsonArguments, readArguments, skipJson } from './json-calls.ts';
import { asCalls, asText, markOpen, type Region, type ToolFormat, type Verdict } from './tool-format.ts';

export interface TokenHeader {
  readonly name: string;
  /** The model's own id, where it means something. */
  readonly id: string | null;
}

export interface TokenSyntax {
  readonly id: ToolFormatId;
  readonly sectionBegin: readonly string[];
  readonly sectionEnd: readonly string[];
  readonly callBegin: readonly string[];
  readonly callEnd: string;
  /** May stand before the end of a call; '' for none. */
  readonly filler: string;
  /** From behind the beginning of a call to the arguments' bracket; null if this is no call. It says itself when the text ends too early. */
  readHeader(input: Cursor, region: Region): Reading<TokenHeader | null>;
}

interface Tokens extends TokenSyntax {
  readonly closing: Closing;
}

export function createTokenFormat(syntax: TokenSyntax): ToolFormat {
  const { id, sectionBegin, sectionEnd, callBegin, callEnd, filler } = syntax;
  const closers = [callEnd, ...sectionEnd];
  const openings = [...sectionBegin, ...callBegin];
  const closing: Closing = {
    marker: callEnd,
    filler,
    instead: [...sectionEnd, ...openings],
    closers: createMarkerSet(closers),
    ends: createMarkerSet([...closers, ...openings]),
    openings,
  };
  const tokens: Tokens = { ...syntax, closing };
  return {
    id,
    // A call may also open without its section: one behind a malformed call does.
    openers: openings.map((marker) => ({
      marker,
      isOutsideCode: false,
      read(input, region) {
        input.at += marker.length;
        return sectionBegin.includes(marker) ? readFirst(input, region, tokens) : readCall(input, region, tokens);
      },
    })),
    readNext: (input, region) => readNext(input, region, tokens),
  };
}

function* readFirst(input: Cursor, region: Region, tokens: Tokens): Reading<Verdict> {
  yield* skipWhitespace(input);
  return (yield* takesOne(input, tokens.callBegin)) ? yield* readCall(input, region, tokens) : asText(input);
}

function* readNext(input: Cursor, region: Region, tokens: Tokens): Reading<Verdict> {
  const { callBegin, callEnd, sectionEnd } = tokens;
  yield* skipWhitespace(input);
  if (yield* takesOne(input, callBegin)) return yield* readCall(input, region, tokens);
  const ends = [...sectionEnd, callEnd];
  const isEnd = (yield* takesOne(input, ends)) || ends.some((marker) => takesLast(input, marker));
  return isEnd ? asCalls(input, []) : { kind: 'text', muteUntil: 0 };
}

function* readCall(input: Cursor, region: Region, tokens: Tokens): Reading<Verdict> {
  const { closing } = tokens;
  markOpen(region);
  const from = offsetOf(input);
  const header = yield* tokens.readHeader(input, region);
  if (header === null) return asText(input);
  if ((yield* peek(input)) === '[') return yield* readList(input, closing);
  const { name, id } = header;
  const live = region.begin?.(name, id) ?? null;
  const json = createJsonArguments(live === null ? null : live.append);
  const status = yield* readArguments(input, json);
  if (status === 'open' && input.ending === 'cut') return yield* runOut();
  const isWhole = status === 'done' || (yield* isRepaired(input, json, tokens));
  if (!isWhole)
    return yield* live === null ? readMalformed(input, from, closing, status === 'open') : leaveBroken(input, from, closing);
  live?.finish();
  if (live === null && isDeclaration(json.text(), region.tools.get(name))) return yield* readClosingOfNone(input, closing);
  const end = yield* readClosing(input, closing);
  const isBroken = end === 'garbled';
  if (isBroken && live === null) return asText(input);
  const calls = live === null ? [{ id, name, arguments: json.text() }] : [];
  return { kind: 'calls', calls, resumeAt: offsetOf(input), isUnclosed: end === 'unclosed', isBroken };
}

/** Arguments that are a list make no call. */
function* readList(input: Cursor, closing: Closing): Reading<Verdict> {
  const status = yield* skipJson(input);
  if (status === 'open') return yield* runOut();
  return status === 'done' ? yield* readClosingOfNone(input, closing) : asText(input);
}

/** Closers are missing before the filler or the token. */
function* isRepaired(input: Cursor, json: JsonArguments, { filler, callEnd }: Tokens): Reading<boolean> {
  const isFilled = filler !== '' && (yield* isRepairedAt(input, json.scan, json, filler));
  return isFilled || (yield* isRepairedAt(input, json.scan, json, callEnd));
}
