/** OpenAI's older text completions, for clients that know nothing else. */
import { errorEnvelope } from '../../../../shared/errors.ts';
import type { Usage } from '../../../../shared/usage.ts';
import type { AnswerEvent } from '../../answer/answer-events.ts';
import type { AnswerHead } from '../../answer/whole-answer.ts';
import { asArray, asObject, asString } from '../../json/view.ts';
import type { StreamRequest } from '../../request/inner-request.ts';
import { doneFrame, encodeData } from '../../sse/encode-events.ts';
import type { FinishReason } from '../../upstreams/dialect.ts';
import { wireUsage } from '../chat/render.ts';
import type { StreamWriter, Surface } from '../surface.ts';
import { withPrompt } from './failure.ts';
import { readCompletion } from './read-completion.ts';

type Fields = Readonly<Record<string, unknown>>;

export const completionsSurface: Surface = {
  path: '/v1/completions',
  read: readCompletion,
  answerId: (requestId) => `cmpl-${requestId}`,
  writeWhole({ head, choices }, usage, routing, request, name) {
    const prompt = promptOf(request);
    const shown = choices
      .toSorted((a, b) => a.index - b.index)
      .map(({ index, content, refusal, logprobs, finishReason }) => {
        const asked = logprobs.reduce<Logprobs | null>((all, one) => joinLogprobs(all, one), null);
        return { text: prompt + content + refusal, index, logprobs: asked, finish_reason: finishWord(finishReason) };
      });
    return JSON.stringify({ ...headOf(head, name), choices: shown, usage: wireUsage(usage), 'x-routing-metadata': routing });
  },
  writeError: (failure, routing) =>
    JSON.stringify({ ...errorEnvelope(withPrompt(failure)), ...(routing === null ? {} : { 'x-routing-metadata': routing }) }),
  openStream: createStream,
};

function createStream(request: StreamRequest, name: string): StreamWriter {
  const prompt = promptOf(request);
  const offsets = new Map<number, number>();
  return {
    pass: null,
    write(head, events, routing) {
      let frames = '';
      const send = (choice: Fields, more: Fields = {}): void => {
        frames += encodeData(JSON.stringify({ ...headOf(head, name), choices: [choice], ...more }));
      };
      for (const [i, event] of events.entries()) {
        if (event.kind === 'usage') frames += usageFrame(head, name, event.usage, request);
        else if (event.kind === 'begin' && prompt !== '') send(choiceOf(event.choice, prompt));
        else if (event.kind === 'text' || event.kind === 'refusal') {
          const at = offsets.get(event.choice) ?? 0;
          const logprobs = logprobsAfter(events[i + 1], at);
          offsets.set(event.choice, at + event.text.length);
          send(choiceOf(event.choice, event.text, logprobs));
        } else if (event.kind === 'finish')
          send(choiceOf(event.choice, '', null, event.reason), { 'x-routing-metadata': routing() });
      }
      return frames;
    },
    end: () => doneFrame,
    fail: (failure) => encodeData(JSON.stringify(errorEnvelope(withPrompt(failure)))),
  };
}

function promptOf({ echo }: StreamRequest): string {
  return asString(echo?.['prompt']) ?? '';
}

function headOf({ created, model }: AnswerHead, name: string): Fields {
  return { id: `cmpl-${name}`, object: 'text_completion', created, model };
}

function choiceOf(index: number, text: string, logprobs: unknown = null, reason: FinishReason | null = null): Fields {
  return { text, index, logprobs, finish_reason: finishWord(reason) };
}

/** This wire has no calls: there is nothing to call. */
function finishWord(reason: FinishReason | null): string | null {
  return reason === 'tool_calls' ? 'stop' : reason;
}

function usageFrame(head: AnswerHead, name: string, usage: Usage, { showsUsage }: StreamRequest): string {
  return showsUsage ? encodeData(JSON.stringify({ ...headOf(head, name), choices: [], usage: wireUsage(usage) })) : '';
}

function logprobsAfter(next: AnswerEvent | undefined, offset: number): Logprobs | null {
  return next?.kind === 'logprobs' ? joinLogprobs(null, next.logprobs, offset) : null;
}

interface Logprobs {
  readonly tokens: readonly string[];
  readonly token_logprobs: readonly number[];
  readonly top_logprobs: readonly Readonly<Record<string, number>>[];
  readonly text_offset: readonly number[];
}

/** Those of chat completions in this wire's form, behind others. @param from where the text of the first of all stands */
function joinLogprobs(before: Logprobs | null, logprobs: unknown, from = 0): Logprobs {
  const all = before ?? { tokens: [], token_logprobs: [], top_logprobs: [], text_offset: [] };
  const entries = (asArray(asObject(logprobs)?.['content']) ?? []).map((entry) => ({
    ...oneOf(entry),
    top: Object.fromEntries(
      (asArray(asObject(entry)?.['top_logprobs']) ?? []).map(oneOf).map(({ token, logprob }) => [token, logprob]),
    ),
  }));
  const last = all.tokens.length - 1;
  let offset = last < 0 ? from : (all.text_offset[last] ?? 0) + (all.tokens[last] ?? '').length;
  const offsets = entries.map(({ token }) => {
    const at = offset;
    offset += token.length;
    return at;
  });
  return {
    tokens: [...all.tokens, ...entries.map(({ token }) => token)],
    token_logprobs: [...all.token_logprobs, ...entries.map(({ logprob }) => logprob)],
    top_logprobs: [...all.top_logprobs, ...entries.map(({ top }) => top)],
    text_offset: [...all.text_offset, ...offsets],
  };
}

function oneOf(entry: unknown): { readonly token: string; readonly logprob: number } {
  const fields = asObject(entry);
  const logprob = fields?.['logprob'];
  return { token: asString(fields?.['token']) ?? '', logprob: typeof logprob === 'number' ? logprob : 0 };
}
