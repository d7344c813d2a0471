/**
 * The header of a Harmony message: `<|start|>assistant<|channel|>commentary to=functions.name <|constrain|>json<|message|>`. Models leave out
 * the start, write the recipient in either part, repeat the channel, and put words in the wrong places; what counts is the first
 * channel and the recipient. Source: openai/harmony, `docs/format.md`; for the faults harmony pull request 97, llama.cpp issue 27720.
 */
import type { Cursor } from './cursor.ts';
import { endsInside, isTagText, type Reading, readRun, takes } from './reading.ts';

export interface HarmonyHeader {
  readonly channel: 'analysis' | 'commentary' | 'final';
  /** The tool that the message calls, without its namespace; null for text. */
  readonly tool: string | null;
}

export const harmonyStart = '<|start|>';
export const harmonyChannel = '<|channel|>';
const message = '<|message|>';
const parts = [harmonyStart, harmonyChannel, '<|constrain|>'];
const maxHeaderChars = 400;

/** From the first token, or from behind it, to behind the last one. `cut`: the text ended in it; null: it is no header. */
export function* readHarmonyHeader(input: Cursor): Reading<HarmonyHeader | 'cut' | null> {
  let raw = '';
  const isWord = isTagText('\n', true);
  while (!(yield* takes(input, message))) {
    let part = '';
    for (const token of parts) if (part === '' && (yield* takes(input, token))) part = token;
    const words = yield* readRun(input, isWord, maxHeaderChars);
    if (part === '' && words === '') return [message, ...parts].some((token) => endsInside(input, token)) ? 'cut' : null;
    raw += part + words;
    if (raw.length > maxHeaderChars) return null;
  }
  return headerOf(raw);
}

function headerOf(raw: string): HarmonyHeader | null {
  const [, channel] = /(?:^|<\|channel\|>)\s*(analysis|commentary|final)/.exec(raw) ?? [];
  const [, recipient = ''] = /\bto=(?:functions\.)?([^\s<]+)/.exec(raw) ?? [];
  if (channel !== 'analysis' && channel !== 'commentary' && channel !== 'final') return null;
  return { channel, tool: recipient === '' || recipient === 'assistant' || recipient === 'user' ? null : recipient };
}
