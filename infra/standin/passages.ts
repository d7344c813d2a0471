/** Passages in a user's turn: the stand-in answers from them, as a model would, and is steered by what stands behind them alone. */
import { contentText } from './json.ts';

interface Grounded {
  readonly passages: readonly { readonly number: number; readonly text: string }[];
  /** What is asked, behind the last passage. */
  readonly question: string;
}

const passage = /<<passage (\d+) ([0-9a-f]+)>>\n([\s\S]*?)\n<<end \1 \2>>/g;

/** Null for a turn without passages. */
export function readPassages(text: string): Grounded | null {
  const found = [...text.matchAll(passage)];
  const last = found.at(-1);
  if (last === undefined) return null;
  return {
    passages: found.map(([, number, , own = '']) => ({ number: Number(number), text: own })),
    question: text.slice(last.index + last[0].length).replace(/^\s*The question:/, ''),
  };
}

/** The text of a turn without its passages. */
export function ownWords(content: unknown): string {
  const text = contentText(content);
  return readPassages(text)?.question ?? text;
}

const mostSentences = 3;

/** The sentences that have most of the question's words, each with the number of its passage. */
export function answerFromPassages({ passages, question }: Grounded): string {
  const asked = wordsOf(question);
  const sentences = passages.flatMap(({ number, text }, rank) => {
    const [, body = text] = /^[^\n]*\n\n([\s\S]*)$/.exec(text) ?? [];
    return body
      .split(/(?<=[.!?])\s+|\n+/)
      .map((sentence) => sentence.replace(/\[(\d+)\]/g, '$1').trim())
      .filter((sentence) => sentence.length > 20 && sentence.length < 400 && !sentence.startsWith('#'))
      .map((sentence) => ({ number, sentence, score: shared(wordsOf(sentence), asked) - rank * 0.1 }));
  });
  const best = sentences.toSorted((a, b) => b.score - a.score).slice(0, mostSentences);
  if (best.length === 0) return 'The passages do not answer this.';
  return best.map(({ number, sentence }) => `${sentence.replace(/[.!?]+$/, '')} [${number}].`).join(' ');
}

function wordsOf(text: string): Set<string> {
  return new Set(text.toLowerCase().match(/[\p{L}\p{N}]{3,}/gu) ?? []);
}

function shared(words: ReadonlySet<string>, asked: ReadonlySet<string>): number {
  let count = 0;
  for (const word of words) if (asked.has(word)) count += 1;
  return count;
}
