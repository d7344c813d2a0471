/**
 * Answers as vLLM puts them on the wire, for the benches: key order, ids and nulls as its server writes them. Text is prose, or prose
 * and then calls in the markup of Hermes and Qwen 2.5. Made once before anything is measured.
 */

/** `stamps`: the text of an event is a time, filled in as it is written. */
export type AnswerKind = 'plain' | 'calls' | 'stamps';

/** Where the time goes, in µs of the machine's steady clock. */
export const stampPlaceholder = '@000000000000000@';

export interface AnswerShape {
  readonly kind: AnswerKind;
  /** Events that carry text; the role, finish, usage and end events come on top. */
  readonly chunks: number;
  readonly tokensPerChunk: number;
}

/** The tool that the answers of kind `calls` call. */
export const benchTool = {
  type: 'function',
  function: {
    name: 'get_forecast',
    description: 'Weather forecast for a place.',
    parameters: {
      type: 'object',
      properties: {
        place: { type: 'string' },
        days: { type: 'integer' },
        unit: { type: 'string', enum: ['celsius', 'fahrenheit'] },
        details: { type: 'array', items: { type: 'string' } },
      },
      required: ['place'],
    },
  },
} as const;

const prose =
  'The lighthouse keeper wrote down the wind, the tide and the ships that passed, every evening, in the same plain hand. ' +
  'Nobody had asked him to: “a habit,” he said, “is a kind of company” (and 7 of his 12 notebooks are still there).\n\n';

/** Another number of notebooks each time: an answer that repeats itself word for word is cut (docs/streaming.md). */
const proseAgain = (time: number): string => prose.replace('12', String(12 + time));

const call =
  '<tool_call>\n{"name": "get_forecast", "arguments": {"place": "Saint-Malo, France", "days": 3, "unit": "celsius", ' +
  '"details": ["wind", "tide", "rain"]}}\n</tool_call>\n';

/** For another number of days each time, of one digit: the same call again and again is cut as well. As many tokens as `call`. */
const callAgain = (time: number): string => call.replace('3', String(1 + (time % 9)));

/** About what a tokenizer makes of a text: words with their space, punctuation, markers as one token. */
function tokenise(text: string): string[] {
  return text.match(/<\/?tool_call>| ?[\p{L}]{1,6}|\p{N}| ?[^\p{L}\p{N}\s<]{1,2}|\s|./gu) ?? [];
}

/** Exactly `count` tokens; answers of kind `calls` are a quarter prose, then as many whole calls as fit. */
export function answerTokens(kind: AnswerKind, count: number): string[] {
  const callTokens = tokenise(call);
  const calls = kind === 'calls' ? Math.max(1, Math.floor((count * 0.75) / callTokens.length)) : 0;
  const before = Math.max(0, count - calls * callTokens.length);
  const words: string[] = [];
  for (let time = 0; words.length < before; time += 1) words.push(...tokenise(proseAgain(time)));
  return [...words.slice(0, before), ...Array.from({ length: calls }, (_, time) => tokenise(callAgain(time))).flat()].slice(
    0,
    count,
  );
}

const head = {
  id: 'chatcmpl-8d7c0b7e5f5a4b0c9b1f6f0d2a3c4e5f',
  object: 'chat.completion.chunk',
  created: 1_770_000_000,
  model: 'Qwen/Qwen2.5-7B-Instruct',
};

/** The data of every text event of an answer. */
export function textPayloads({ kind, chunks, tokensPerChunk }: AnswerShape): string[] {
  const tokens = answerTokens(kind, chunks * tokensPerChunk);
  return Array.from({ length: chunks }, (_item, at) => {
    const words = tokens.slice(at * tokensPerChunk, (at + 1) * tokensPerChunk).join('');
    const content = kind === 'stamps' ? stampPlaceholder : words;
    return JSON.stringify({
      ...head,
      choices: [{ index: 0, delta: { content }, logprobs: null, finish_reason: null, token_ids: null }],
    });
  });
}

/** A whole answer, one `data:` frame an event. */
export function answerFrames(shape: AnswerShape): string[] {
  const completionTokens = shape.chunks * shape.tokensPerChunk;
  const role = { index: 0, delta: { role: 'assistant', content: '' }, logprobs: null, finish_reason: null };
  const finish = {
    index: 0,
    delta: { content: '' },
    logprobs: null,
    finish_reason: 'stop',
    stop_reason: null,
    token_ids: null,
  };
  const usage = { prompt_tokens: 120, total_tokens: 120 + completionTokens, completion_tokens: completionTokens };
  const payloads = [
    JSON.stringify({ ...head, choices: [role], prompt_token_ids: null, prompt_text: null }),
    ...textPayloads(shape),
    JSON.stringify({ ...head, choices: [finish] }),
    JSON.stringify({ ...head, choices: [], usage }),
    '[DONE]',
  ];
  return payloads.map((payload) => `data: ${payload}\n\n`);
}

/** The body of an answer that is not streamed, about `bytes` long. */
export function answerBody(bytes: number): string {
  const body = (content: string): string =>
    JSON.stringify({
      id: head.id,
      object: 'chat.completion',
      created: head.created,
      model: head.model,
      choices: [
        {
          index: 0,
          message: {
            role: 'assistant',
            content,
            refusal: null,
            annotations: null,
            audio: null,
            function_call: null,
            tool_calls: [],
            reasoning: null,
          },
          logprobs: null,
          finish_reason: 'stop',
          stop_reason: null,
          token_ids: null,
        },
      ],
      service_tier: null,
      system_fingerprint: null,
      usage: { prompt_tokens: 900, total_tokens: 1400, completion_tokens: 500, prompt_tokens_details: null },
      prompt_logprobs: null,
      prompt_token_ids: null,
      kv_transfer_params: null,
    });
  return body(fillWithProse(bytes - body('').length));
}

/** Prose of `characters` characters, none of them in need of escaping in JSON but line breaks. */
export function fillWithProse(characters: number): string {
  let text = '';
  for (let time = 0; text.length < characters; time += 1) text += `${proseAgain(time).replace(/[“”]/g, '').trim()} `;
  return text.slice(0, Math.max(0, characters));
}
