/**
 * A document as blocks: headings, paragraphs, list items, tables, fences. Blocks lie side by side and cover every character; white space
 * belongs to the block before it. Linear in the text. Markdown is read as far as its structure matters here, and never fails.
 */
import type { DocumentFormat } from '../../../shared/rag-bodies.ts';

export type BlockKind = 'heading' | 'paragraph' | 'item' | 'table' | 'fence';

export interface Block {
  readonly kind: BlockKind;
  /** UTF-16 offsets into the text; `end` is behind the last character. */
  readonly start: number;
  readonly end: number;
  /** 1 to 6 of a heading, else 0. */
  readonly level: number;
  /** What a heading says, without its marks. */
  readonly title: string;
}

interface OpenBlock {
  readonly kind: BlockKind;
  readonly start: number;
  readonly level: number;
  readonly title: string;
  /** What ends a fence. */
  readonly closing: string;
}

const heading = /^ {0,3}(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*$/;
const fence = /^ {0,3}(`{3,}|~{3,})/;
const item = /^ {0,7}(?:[-*+]|\d{1,9}[.)])[ \t]/;
const tableRow = /^ {0,3}\|/;
const maxTitleChars = 200;

export function blocksOf(text: string, format: DocumentFormat): Block[] {
  if (text === '') return [];
  const blocks: Block[] = [];
  let open = begin(lineAt(text, 0), 0, format);
  let isAfterBlank = false;
  for (let at = lineEnd(text, 0); at < text.length; at = lineEnd(text, at)) {
    const line = lineAt(text, at);
    const isFenced = open.closing !== '';
    if (isFenced) open = closes(line, open.closing) ? { ...open, closing: '' } : open;
    else if (line !== '') {
      const next = begin(line, at, format);
      if (startsNew(open, next, isAfterBlank)) {
        blocks.push(closed(open, at));
        open = next;
      }
    }
    isAfterBlank = line === '' && !isFenced;
  }
  blocks.push(closed(open, text.length));
  return blocks;
}

function lineAt(text: string, at: number): string {
  return text.slice(at, Math.min(lineEnd(text, at), at + maxLineChars)).trimEnd();
}

/** Of a line no more is looked at: what it begins with decides. */
const maxLineChars = 1000;

function lineEnd(text: string, at: number): number {
  const newline = text.indexOf('\n', at);
  return newline === -1 ? text.length : newline + 1;
}

function begin(line: string, start: number, format: DocumentFormat): OpenBlock {
  const plain = { kind: 'paragraph', start, level: 0, title: '', closing: '' } as const;
  if (format === 'text') return plain;
  const [, marks, title] = heading.exec(line) ?? [];
  if (marks !== undefined && title !== undefined)
    return { ...plain, kind: 'heading', level: marks.length, title: plainTitle(title) };
  const [, ticks] = fence.exec(line) ?? [];
  if (ticks !== undefined) return { ...plain, kind: 'fence', closing: ticks };
  if (tableRow.test(line)) return { ...plain, kind: 'table' };
  return item.test(line) ? { ...plain, kind: 'item' } : plain;
}

function closes(line: string, closing: string): boolean {
  const trimmed = line.trim();
  return trimmed.length >= closing.length && trimmed === closing.charAt(0).repeat(trimmed.length);
}

/** A line that goes on with what is open belongs to it. */
function startsNew(open: OpenBlock, next: OpenBlock, isAfterBlank: boolean): boolean {
  if (open.kind === 'heading' || open.kind === 'fence' || next.kind === 'heading' || next.kind === 'fence') return true;
  if (next.kind === 'item') return true;
  if (next.kind === 'table') return open.kind !== 'table' || isAfterBlank;
  return isAfterBlank || open.kind === 'table';
}

function closed({ kind, start, level, title }: OpenBlock, end: number): Block {
  return { kind, start, end, level, title };
}

/** A heading as people read it: without marks of code and emphasis. */
function plainTitle(title: string): string {
  return title.replace(/[`*]/g, '').trim().slice(0, maxTitleChars);
}
