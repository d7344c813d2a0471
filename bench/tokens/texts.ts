/** Texts of many kinds with the tokens that the tokenizer of Qwen 2.5 makes of them, and how far the estimate is off. */
import { readFileSync } from 'node:fs';
import { fileURLToPath, URL } from 'node:url';
import { measureText } from '../../worker/core/classify/text-stats.ts';
import { estimateTokens } from '../../worker/core/classify/token-estimate.ts';

export interface CountedText {
  readonly kind: string;
  /** The estimate's rates were fitted to texts of the same source. */
  readonly seen: boolean;
  readonly source: string;
  readonly tokens: number;
  readonly text: string;
}

export interface KindError {
  readonly kind: string;
  readonly texts: number;
  readonly tokens: number;
  /** Of the sums: positive where the estimate is too high. Shares, as the next two. */
  readonly bias: number;
  /** Mean over texts, without signs. */
  readonly mean: number;
  readonly worst: number;
}

export function readTexts(): readonly CountedText[] {
  const file = new URL('../../test/fixtures/tokens/texts.jsonl', import.meta.url);
  return readFileSync(fileURLToPath(file), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line): CountedText => JSON.parse(line));
}

export function errorsByKind(texts: readonly CountedText[]): readonly KindError[] {
  return [...Map.groupBy(texts, ({ kind }) => kind)].map(([kind, list]) => errorOf(kind, list));
}

export function errorOf(kind: string, list: readonly CountedText[]): KindError {
  const estimates = list.map(({ text, tokens }) => ({ tokens, estimate: estimateTokens(measureText(text), text.length) }));
  const sum = (of: (one: (typeof estimates)[number]) => number): number => estimates.reduce((all, one) => all + of(one), 0);
  const offs = estimates.map(({ tokens, estimate }) => Math.abs(estimate - tokens) / tokens);
  const tokens = sum((one) => one.tokens);
  return {
    kind,
    texts: list.length,
    tokens,
    bias: sum(({ estimate }) => estimate) / tokens - 1,
    mean: offs.reduce((all, off) => all + off, 0) / offs.length,
    worst: Math.max(...offs),
  };
}
