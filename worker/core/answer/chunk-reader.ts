/**
 * Reads the chunks of one answer. Those of plain text differ in nothing but the text: once one has been parsed, a payload that is equal
 * before and behind its text is read by comparing, which costs half of parsing it (bench/cpu/parser.ts) and means the same.
 */
import { fail, ok } from '../../../shared/result.ts';
import type { Dialect, UpstreamChunk } from '../upstreams/dialect.ts';
import { parseLenient } from '../upstreams/lenient-json.ts';
import { unreadable } from '../upstreams/transport-failure.ts';

export interface ChunkReader {
  /** As `Dialect.readChunk`, for the text of a payload. */
  read(payload: string): ReturnType<Dialect['readChunk']>;
  /**
   * Hands the text of a known payload to `take`, with the chunk that it differs from in nothing else, and says what that says. False for
   * every other payload, which must be read then. Makes no object, since this is what happens to nearly every chunk of a stream.
   */
  skim(payload: string, take: (like: UpstreamChunk, choiceIndex: number, text: string) => boolean): boolean;
}

/** A payload cut open inside its text. Whatever is written there without ending the JSON string changes the text and nothing else. */
interface Pattern {
  readonly before: string;
  readonly after: string;
  readonly chunk: UpstreamChunk;
  readonly choiceIndex: number;
}

/** One for each choice that streams at the same time. */
const maxPatterns = 4;
/** Servers whose chunks differ otherwise (a clock, running usage) are parsed: trying costs a parse. */
const maxAttempts = 8;

export function createChunkReader(dialect: Dialect): ChunkReader {
  const readChunk = dialect.readStream?.() ?? dialect.readChunk;
  const patterns: Pattern[] = [];
  let attempts = 0;
  let plainChunks = 0;

  const study = (payload: string, chunk: UpstreamChunk): void => {
    const content = plainTextOf(chunk);
    if (content === null) return;
    plainChunks += 1;
    // The first one is on its way to a client that waits for it.
    if (plainChunks === 1) return;
    attempts += 1;
    const pattern = learn(readChunk, payload, chunk, content);
    if (pattern !== null) patterns.push(pattern);
  };

  return {
    read(payload) {
      for (const pattern of patterns) {
        const text = textIn(pattern, payload);
        if (text !== null) return ok(withText(pattern, text));
      }
      const read = parse(readChunk, payload);
      if (patterns.length < maxPatterns && attempts < maxAttempts && read.ok) study(payload, read.value);
      return read;
    },

    skim(payload, take) {
      for (const pattern of patterns) {
        const text = textIn(pattern, payload);
        if (text !== null) return take(pattern.chunk, pattern.choiceIndex, text);
      }
      return false;
    },
  };
}

function parse(readChunk: Dialect['readChunk'], payload: string): ReturnType<Dialect['readChunk']> {
  if (payload === '') return readChunk(null);
  const parsed = parseLenient(payload);
  if (parsed === null) return fail(unreadable);
  const read = readChunk(parsed.value);
  // A client could not read the original bytes.
  return parsed.isRepaired && read.ok ? ok({ ...read.value, isPlainContent: false }) : read;
}

function textIn({ before, after }: Pattern, payload: string): string | null {
  const end = payload.length - after.length;
  // Comparing slices takes less time than startsWith and endsWith on strings of this length.
  if (end < before.length || payload.slice(0, before.length) !== before || payload.slice(end) !== after) return null;
  return unescaped(payload.slice(before.length, end));
}

/** Null when the text is not the inside of one JSON string. */
function unescaped(text: string): string | null {
  if (isPlain(text)) return text;
  try {
    const value: unknown = JSON.parse(`"${text}"`);
    return typeof value === 'string' ? value : null;
  } catch {
    return null;
  }
}

/** Whether a short text means itself in JSON: no escape, no quote, no control character. */
function isPlain(text: string): boolean {
  if (text.length > maxPlainChars) return false;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code === backslash || code === quote || code < space) return false;
  }
  return true;
}

/** Up to here looking is cheaper than parsing. */
const maxPlainChars = 64;
const [space, quote, backslash] = [32, 34, 92];

function withText({ chunk, choiceIndex }: Pick<Pattern, 'chunk' | 'choiceIndex'>, content: string): UpstreamChunk {
  return {
    id: chunk.id,
    created: chunk.created,
    model: chunk.model,
    choices: [
      {
        index: choiceIndex,
        delta: { content, reasoning: null, tool_calls: null, refusal: null },
        finishReason: null,
        logprobs: null,
      },
    ],
    usage: null,
    isPlainContent: true,
    hasRole: chunk.hasRole,
  };
}

/** The text of a chunk that has nothing else. */
function plainTextOf({ choices: [choice, other], isPlainContent }: UpstreamChunk): string | null {
  if (!isPlainContent || choice === undefined || other !== undefined || choice.logprobs !== null) return null;
  const { content } = choice.delta;
  return content == null || content === '' ? null : content;
}

/** The proof that a payload was cut at the right place: with another text in it, it reads as that text and is the same otherwise. */
function learn(readChunk: Dialect['readChunk'], payload: string, chunk: UpstreamChunk, content: string): Pattern | null {
  const literal = JSON.stringify(content);
  const at = payload.indexOf(literal, payload.indexOf('"content"'));
  if (at < 0) return null;
  const before = payload.slice(0, at + 1);
  const after = payload.slice(at + literal.length - 1);
  const pattern = { before, after, chunk, choiceIndex: chunk.choices[0]?.index ?? 0 };
  const read = parse(readChunk, before + probe + after);
  if (!read.ok) return null;
  return JSON.stringify(read.value) === JSON.stringify(withText(pattern, probe)) ? pattern : null;
}

/** Any text that occurs in no chunk by itself. */
const probe = '\u{1F50E}pattern';
