/**
 * `POST /tokenize`: of messages vLLM tells the count, the context and the tokens themselves (here their numbers); llama.cpp takes one text apart
 * and finds none in messages.
 */
import * as z from 'zod';
import { ChatBody } from './chat-request.ts';
import type { Flavour } from './flavours/flavour.ts';
import type { ModelServerOptions } from './options.ts';
import type { Refusal } from './refusal.ts';
import { countPromptTokens, tokenize } from './tokens.ts';

const Json = z.string().transform((text, context): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    context.addIssue({ code: 'custom', message: 'JSON decode error' });
    return z.NEVER;
  }
});

export function tokenizeAnswer(
  text: string,
  { words, tokenizes }: Flavour,
  { servedName, aliases, maxModelLen }: ModelServerOptions,
): Refusal {
  if (tokenizes === 'text') return textTokens(text);
  const parsed = Json.pipe(ChatBody).safeParse(text);
  if (!parsed.success) return { status: 400, body: { error: { message: parsed.error.message, code: 400 } } };
  const { model } = parsed.data;
  const served = [servedName, ...aliases];
  if (model && !served.includes(model)) return words.modelMissing(model, served);
  const count = countPromptTokens(parsed.data);
  const tokens = Array.from({ length: count }, (_, at) => at);
  return { status: 200, body: { count, max_model_len: maxModelLen, tokens, token_strs: null } };
}

function textTokens(text: string): Refusal {
  const { data } = Json.pipe(z.looseObject({ content: z.string().optional() })).safeParse(text);
  return { status: 200, body: { tokens: tokenize(data?.content ?? '').map((_, at) => at) } };
}
