/**
 * Reads the chunks of one answer. Those of plain text differ in nothing but the text: once one has been parsed, a payload that is equal
 * before and behind its text is read by comparing, which costs half of parsing it (bench/cpu/parser.ts) and means the same.
 */
import { ok } from '../../../shared/result.ts';
import type { Dialect, UpstreamChunk } from '../upstreams/dialect.ts';

/** As `Dialect.readChunk`, for the text of a payload; null is not a chunk, or not JSON. */
export type ChunkReader = (payload: string) => ReturnType<Dialect['readChunk']>;

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
  const patterns: Pattern[] = [];
  let attempts = 0;
  return (payload) => {
    for (const pattern of patterns) {
      const text = textIn(pattern, payload);
      if (text !== null) return ok(withText(pattern, text));
    }
    const read = parse(dialect, payload);
    if (patterns.length < maxPatterns && attempts < maxAttempts && read !== null && read.ok) {
      const content = plainTextOf(read.value);
      if (content !== null) {
        attempts += 1;
        const pattern = learn(dialect, payload, read.value, content);
        if (pattern !== null) patterns.push(pattern);
      }
    }
    return read;
  };
}

function parse(dialect: Dialect, payload: string): ReturnType<ChunkReader> {
  let value: unknown;
  try {
    value = JSON.parse(payload);
  } catch {
    return null;
  }
  return dialect.readChunk(value);
}

function textIn({ before, after }: Pattern, payload: string): string | null {
  const end = payload.length - after.length;
  // Comparing slices takes less time than startsWith and endsWith on strings of this length.
  if (end < before.length || payload.slice(0, before.length) !== before || payload.slice(end) !== after) return null;
  return unescaped(payload.slice(before.length, end));
}

/** Null when the text is not the inside of one JSON string. Always parsed, since a slice would keep its whole payload in memory. */
function unescaped(text: string): string | null {
  try {
    const value: unknown = JSON.parse(`"${text}"`);
    return typeof value === 'string' ? value : null;
  } catch {
    return null;
  }
}

function withText({ chunk, choiceIndex }: Pick<Pattern, 'chunk' | 'choiceIndex'>, content: string): UpstreamChunk {
  return {
    id: chunk.id,
    created: chunk.created,
    model: chunk.model,
    choices: [{ index: choiceIndex, delta: { content, reasoning: null, tool_calls: null }, finishReason: null, logprobs: null }],
    usage: null,
    isPlainContent: true,
  };
}

/** The text of a chunk that has nothing else. */
function plainTextOf({ choices: [choice, other], isPlainContent }: UpstreamChunk): string | null {
  if (!isPlainContent || choice === undefined || other !== undefined || choice.logprobs !== null) return null;
  const { content } = choice.delta;
  return content == null || content === '' ? null : content;
}

/** The proof that a payload was cut at the right place: with another text in it, it reads as that text and is the same otherwise. */
function learn(dialect: Dialect, payload: string, chunk: UpstreamChunk, content: string): Pattern | null {
  const literal = JSON.stringify(content);
  const at = payload.indexOf(literal, payload.indexOf('"content"'));
  if (at < 0) return null;
  const before = payload.slice(0, at + 1);
  const after = payload.slice(at + literal.length - 1);
  const pattern = { before, after, chunk, choiceIndex: chunk.choices[0]?.index ?? 0 };
  const read = parse(dialect, before + probe + after);
  if (read === null || !read.ok) return null;
  return JSON.stringify(read.value) === JSON.stringify(withText(pattern, probe)) ? pattern : null;
}

/** Any text that occurs in no chunk by itself. */
const probe = '\u{1F50E}pattern';
