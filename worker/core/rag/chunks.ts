/**
 * Cuts a document into the passages that are searched. A section's chunks hold whole blocks as far as they fit; a block that is too large is cut
 * at lines, sentences or words, in this order. Chunks of one section overlap a little, so that a thought at a cut is whole in one of them.
 * Every character of the text is in a chunk, and a chunk is always one stretch of the text. Linear in the text.
 */
import type { DocumentFormat } from '../../../shared/rag-bodies.ts';
import { type Block, blocksOf } from './blocks.ts';
import { textTokens } from './text-tokens.ts';

export interface ChunkOptions {
  readonly format: DocumentFormat;
  /** No chunk is larger, its overlap included. */
  readonly maxTokens: number;
  /** At most half of `maxTokens`. */
  readonly overlapTokens: number;
}

export interface Chunk {
  /** UTF-16 offsets into the text, as JavaScript counts; `end` is behind the last character. */
  readonly start: number;
  readonly end: number;
  /** The headings above it, from the outermost on. */
  readonly headings: readonly string[];
  /** Estimated, rounded up. */
  readonly tokens: number;
}

interface Piece {
  readonly start: number;
  readonly end: number;
  readonly tokens: number;
}

interface Section {
  readonly headings: readonly string[];
  readonly blocks: Block[];
}

export function chunksOf(text: string, options: ChunkOptions): Chunk[] {
  return sectionsOf(blocksOf(text, options.format)).flatMap((section) => chunksOfSection(text, section, options));
}

/** A heading begins a section; headings without anything between them begin one together. */
function sectionsOf(blocks: readonly Block[]): Section[] {
  const sections: Section[] = [];
  let path: { readonly level: number; readonly title: string }[] = [];
  let hasText = true;
  for (const block of blocks) {
    const last = sections.at(-1);
    if (block.kind === 'heading') {
      path = [...path.filter(({ level }) => level < block.level), { level: block.level, title: block.title }];
      const headings = path.map(({ title }) => title);
      if (last !== undefined && !hasText) sections[sections.length - 1] = { headings, blocks: [...last.blocks, block] };
      else sections.push({ headings, blocks: [block] });
      hasText = false;
    } else {
      if (last === undefined) sections.push({ headings: [], blocks: [block] });
      else last.blocks.push(block);
      hasText = true;
    }
  }
  return sections;
}

function chunksOfSection(text: string, { headings, blocks }: Section, options: ChunkOptions): Chunk[] {
  const { maxTokens, overlapTokens } = options;
  // What follows the first chunk of a section has its overlap before it.
  const roomTokens = maxTokens - overlapTokens;
  const pieces = blocks.flatMap(({ start, end }) => piecesOf(text, start, end, roomTokens));
  const chunks: Chunk[] = [];
  let begun: { start: number; end: number; tokens: number } | null = null;
  const close = (): void => {
    if (begun === null) return;
    const before = chunks.at(-1);
    const start = before === undefined ? begun.start : overlapStart(text, before, overlapTokens);
    const tokens = Math.ceil(textTokens(text.slice(start, begun.end)));
    chunks.push({ start, end: begun.end, headings, tokens });
    begun = null;
  };
  for (const { start, end, tokens } of pieces) {
    const most: number = chunks.length === 0 ? maxTokens - 1 : roomTokens - 1;
    if (begun !== null && begun.tokens + tokens > most) close();
    if (begun === null) begun = { start, end, tokens };
    else {
      begun.end = end;
      begun.tokens += tokens;
    }
  }
  close();
  return chunks;
}

/** Where text may be cut, the best places first; the last cuts anywhere but inside a character. */
const cuts = [/\n/g, /[.!?…。！？][)\]"'”’]*\s+/g, /\s+/g, /[\s\S]{1,16}/gu] as const;

/** Parts of a stretch of text that have fewer tokens than there is room for, cut as seldom and as well as possible. */
function piecesOf(text: string, start: number, end: number, roomTokens: number, level = 0): Piece[] {
  const tokens = textTokens(text.slice(start, end));
  const cut = cuts[level];
  if (tokens <= roomTokens - 1 || cut === undefined) return [{ start, end, tokens }];
  const small = parts(text, start, end, cut).flatMap((part) => piecesOf(text, part.start, part.end, roomTokens, level + 1));
  return small.reduce<Piece[]>((joined, piece) => {
    const last = joined.at(-1);
    if (last === undefined || last.tokens + piece.tokens > roomTokens - 1) joined.push(piece);
    else joined[joined.length - 1] = { start: last.start, end: piece.end, tokens: last.tokens + piece.tokens };
    return joined;
  }, []);
}

/** Each part ends with what matches. */
function parts(text: string, start: number, end: number, cut: RegExp): { readonly start: number; readonly end: number }[] {
  const found: { start: number; end: number }[] = [];
  let from = start;
  for (const match of text.slice(start, end).matchAll(cut)) {
    const to = start + match.index + match[0].length;
    found.push({ start: from, end: to });
    from = to;
  }
  if (from < end) found.push({ start: from, end });
  return found;
}

/** Of an overlap no more is looked at: a token has at least a third of a character, and seldom more than eight. */
const charsPerToken = 8;

/** The first line, sentence or word from which on the end of a chunk is small enough to be said again; its end where there is none. */
function overlapStart(text: string, { start, end }: Pick<Chunk, 'start' | 'end'>, overlapTokens: number): number {
  const from = Math.max(start + 1, end - overlapTokens * charsPerToken);
  for (const cut of [cuts[0], cuts[1], cuts[2]]) {
    const found = parts(text, from, end, cut).slice(1);
    for (const { start: at } of found) {
      if (textTokens(text.slice(at, end)) <= overlapTokens) return at;
    }
  }
  return end;
}
