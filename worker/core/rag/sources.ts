/** What a client is told of the passages behind an answer. */
import { citationsOf } from './citations.ts';
import type { Passage } from './prompt.ts';
import { type Quote, quotesFor } from './quotes.ts';

/** Offsets count UTF-16 units of the document's text, as JavaScript does. */
export interface Source {
  /** The number by which the answer cites it. */
  readonly index: number;
  readonly document_id: string;
  readonly title: string;
  readonly headings: readonly string[];
  /** The passage's place among the document's, from 0. */
  readonly chunk: number;
  readonly start: number;
  readonly end: number;
  readonly score: number;
}

/** Of an answer that is there. */
export interface CitedSource extends Source {
  readonly cited: boolean;
  /** Sentences of the passage that support what the answer says of it. */
  readonly quotes: readonly Quote[];
}

export function sourcesOf(passages: readonly Passage[]): Source[] {
  return passages.map(({ documentId, title, headings, chunk, start, end, score }, at) => ({
    index: at + 1,
    document_id: documentId,
    title,
    headings,
    chunk,
    start,
    end,
    score: Math.round(score * 10_000) / 10_000,
  }));
}

/** The same with what the answer makes of them; and the numbers that it cites although there is no such source. */
export function citedSources(
  passages: readonly Passage[],
  answer: string,
): { readonly sources: readonly CitedSource[]; readonly unknown: readonly number[] } {
  const claims = new Map(citationsOf(answer).map(({ source, claim }) => [source, claim]));
  const sources = sourcesOf(passages).map((source, at) => {
    const passage = passages[at];
    const claim = claims.get(source.index);
    const quotes = passage === undefined || claim === undefined ? [] : quotesFor(passage, claim);
    return { ...source, cited: claim !== undefined, quotes };
  });
  return { sources, unknown: [...claims.keys()].filter((number) => number < 1 || number > passages.length) };
}
