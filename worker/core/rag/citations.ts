/** Which sources an answer cites, and for what. */

export interface Citation {
  /** From 1. */
  readonly source: number;
  /** The sentences of the answer that cite it, without the marks. */
  readonly claim: string;
}

/** `[1]`, `[1, 2]`, `[1-3]`, `【1】`: models differ. Not the text of a link. */
const marks = /[[【]\s*(\d{1,3}(?:\s*[,;–-]\s*\d{1,3})*)\s*[\]】](?!\()/g;
/** Where a sentence ends, with the marks that follow its full stop. */
const sentences = /[\s\S]+?(?:[.!?。！？…]["'”’)]*(?:\s*[[【][\d\s,;–-]+[\]】])*(?=\s|$)|\n|$)/g;
const maxRange = 50;

/** In the order of the sources. */
export function citationsOf(answer: string): Citation[] {
  const claims = new Map<number, string[]>();
  for (const [sentence] of answer.matchAll(sentences)) {
    const claim = sentence.replace(marks, ' ').replace(/\s+/g, ' ').trim();
    const cited = new Set([...sentence.matchAll(marks)].flatMap(([, numbers = '']) => numbersIn(numbers)));
    for (const source of cited) {
      const before = claims.get(source);
      if (before === undefined) claims.set(source, [claim]);
      else before.push(claim);
    }
  }
  return [...claims].map(([source, said]) => ({ source, claim: said.join(' ') })).toSorted((a, b) => a.source - b.source);
}

function numbersIn(text: string): number[] {
  return text.split(/[,;]/).flatMap((part) => {
    const [from = 0, to = from] = part.split(/[–-]/).map(Number);
    if (to < from || to - from > maxRange) return [from, to];
    return Array.from({ length: to - from + 1 }, (_, at) => from + at);
  });
}
