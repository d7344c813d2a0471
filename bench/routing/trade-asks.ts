/**
 * Writes what is asked beside a document of some trade, in one paragraph or several: look-ups and hard questions about the same text, so that neither
 * the text nor a "how many" decides.
 */
import { pick, type Random } from './random.ts';
import type { Trade } from './trades.ts';

/** Before a sentence that comes again with other numbers. */
const elsewhere = [
  'At the second site',
  'Until last year',
  'On the north side',
  'In the new building',
  'During holidays',
  'At the branch in Holm',
];
const titles = ['Notes for newcomers', 'House rules', 'How we work', 'Description', 'Handbook, part one', 'Minutes'];

function otherwise(sentence: string, isForeign: boolean, random: Random): string {
  const text = sentence.replaceAll(/\d+/g, (digits) => String(Number(digits) + 1 + Math.floor(random() * 9)));
  return !isForeign && /^[A-Z][a-z]* /.test(text)
    ? `${pick(elsewhere, random)} ${text.charAt(0).toLowerCase()}${text.slice(1)}`
    : text;
}

/** About `chars` characters of the trade's sentences, varied where they come again. */
export function writeTradeText({ sentences, isForeign = false }: Trade, chars: number, random: Random): string {
  const gap = /[。？]$/.test(sentences[0] ?? '') ? '' : ' ';
  const style = random();
  let text = '';
  for (let at = 0; text.length < chars || at < sentences.length; at += 1) {
    const sentence = sentences[at % sentences.length] ?? '';
    const said = at < sentences.length ? sentence : otherwise(sentence, isForeign, random);
    const isNew = style > 0.5 && at % 5 === 4;
    text += at === 0 ? said : `${isNew ? '\n\n' : gap}${said}`;
  }
  return !isForeign && (style > 0.85 || (style > 0.3 && style < 0.4)) ? `${pick(titles, random)}\n\n${text}` : text;
}

/** A question before or behind a text, in a paragraph of its own or not. */
export function placeBeside(ask: string, material: string, random: Random): string {
  return pick(
    [
      `${material}\n\n${ask}`,
      `${material}\n\n${ask}`,
      `${material}\n${ask}`,
      `${material} ${ask}`,
      `${ask}\n\n${material}`,
      `${ask} ${material}`,
      `Text: ${material}\n\nQuestion: ${ask}`,
      `${ask}\n\n"${material}"`,
    ],
    random,
  );
}

const longest = 6000;

export interface TradeAsk {
  readonly text: string;
  readonly isHard: boolean;
}

/** Every question of every trade, `times` over, in texts from their own length to 6,000 characters. */
export function writeTradeAsks(trades: readonly Trade[], times: number, random: Random): TradeAsk[] {
  return Array.from({ length: times }, () => trades).flatMap((all) =>
    all.flatMap((trade) =>
      [...trade.lookups.map((ask) => ({ ask, isHard: false })), ...trade.hard.map((ask) => ({ ask, isHard: true }))].map(
        ({ ask, isHard }) => {
          const chars = random() < 0.6 ? 600 + random() * 2100 : longest * random();
          return { text: placeBeside(ask, writeTradeText(trade, chars, random), random), isHard };
        },
      ),
    ),
  );
}
