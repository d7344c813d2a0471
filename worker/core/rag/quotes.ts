/**
 * The passages of a source that support what an answer says: its own sentences, word for word, with their place in the document. Chosen by the
 * words that they share with the answer, rare ones before common ones, so that it is the same each time and costs no model.
 */

export interface Quote {
  readonly text: string;
  /** UTF-16 offsets into the document. */
  readonly start: number;
  readonly end: number;
}

export interface Quotable {
  readonly text: string;
  /** Of the text in its document. */
  readonly start: number;
}

const maxQuotes = 2;
const maxQuoteChars = 500;
/** A sentence that has less of the claim's weight than this supports nothing. */
const leastShare = 0.2;

const words = /[\p{L}\p{N}_]+/gu;
/** Where a quote may begin and end: sentences, and lines of lists, tables and code. */
const sentence = /[^\n]+?(?:[.!?。！？…]["'”’)\]]*(?=\s|$)|(?=\n)|$)/g;

/** In the order of the text; none where nothing supports the claim. @param claim what the answer says */
export function quotesFor({ text, start }: Quotable, claim: string): Quote[] {
  const candidates = [...text.matchAll(sentence)].flatMap((match) => quotable(match[0], match.index));
  const wordsOf = candidates.map((candidate) => wordSet(candidate.text));
  const claimed = wordSet(claim);
  const weights = weightsOf(wordsOf);
  const whole = sum([...claimed].map((word) => weights(word)));
  if (whole === 0) return [];
  const scored = candidates.map((candidate, at) => {
    const shared = [...(wordsOf[at] ?? [])].filter((word) => claimed.has(word));
    return { candidate, share: sum(shared.map((word) => weights(word))) / whole };
  });
  return scored
    .filter(({ share }) => share >= leastShare)
    .toSorted((a, b) => b.share - a.share)
    .slice(0, maxQuotes)
    .map(({ candidate }) => ({
      text: candidate.text,
      start: start + candidate.start,
      end: start + candidate.start + candidate.text.length,
    }))
    .toSorted((a, b) => a.start - b.start);
}

/** Without the white space around it; long ones are cut at a word. */
function quotable(found: string, at: number): { readonly text: string; readonly start: number }[] {
  const lead = found.length - found.trimStart().length;
  const text = cutAtWord(found.trim());
  return wordSet(text).size === 0 ? [] : [{ text, start: at + lead }];
}

function cutAtWord(text: string): string {
  if (text.length <= maxQuoteChars) return text;
  const space = text.lastIndexOf(' ', maxQuoteChars);
  return text.slice(0, space > 0 ? space : maxQuoteChars).replace(/[\ud800-\udbff]$/, '');
}

function wordSet(text: string): Set<string> {
  return new Set((text.toLowerCase().match(words) ?? []).filter((word) => word.length > 1));
}

/** A word that every sentence of the source has tells none from another. Longer words weigh more: shorter ones are mostly grammar. */
function weightsOf(sets: readonly ReadonlySet<string>[]): (word: string) => number {
  const counts = new Map<string, number>();
  for (const set of sets) for (const word of set) counts.set(word, (counts.get(word) ?? 0) + 1);
  return (word) => {
    const length = Math.min(word.length, 8) / 8;
    return length * length * Math.log(1 + sets.length / (counts.get(word) ?? 1));
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
