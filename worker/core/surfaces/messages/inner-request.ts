/** From a checked body to the inner request. */
import type { Failure } from '../../../../shared/errors.ts';
import { fail, ok, type Result } from '../../../../shared/result.ts';
import type { InnerRequest, Message, SystemMessage, TextPart } from '../../request/inner-request.ts';
import { assistantMessage, userMessages } from './inner-messages.ts';
import type { MessagesBody } from './message-body.ts';

/** What the writer of an answer needs to know of its request. */
export interface MessagesEcho extends Readonly<Record<string, unknown>> {
  readonly showsThinking: boolean;
  /** The client asked for no answer: its prompt is to be in the model server's prefix cache. */
  readonly isReadOnly?: true;
}

export function innerRequest(body: MessagesBody): Result<InnerRequest, Failure> {
  const messages = innerMessages(body);
  if (!messages.ok) return messages;
  const { tools, tool_choice: choice, thinking, output_config: config, stream, metadata, max_tokens: maxTokens } = body;
  const format = config?.format ?? body.output_format;
  const isReadOnly = maxTokens === 0;
  const echo: MessagesEcho = { showsThinking: showsThinking(thinking), ...(isReadOnly ? { isReadOnly } : {}) };
  const user = metadata?.['user_id'];
  const last = messages.value.at(-1);
  return ok({
    model: body.model,
    messages: messages.value,
    tools: tools?.map(({ name, description, input_schema: parameters, strict }) => ({
      type: 'function',
      function: {
        name,
        ...(description === undefined ? {} : { description }),
        ...(parameters === undefined ? {} : { parameters }),
        ...(strict === undefined ? {} : { strict }),
      },
    })),
    toolChoice: choice === undefined ? undefined : toolChoiceOf(choice),
    allowsParallelCalls:
      choice !== undefined && choice.type !== 'none' && choice.disable_parallel_tool_use === true ? false : undefined,
    answerFormat: format === undefined ? undefined : { kind: 'json_schema', name: 'answer', schema: format.schema },
    // The least that model servers take.
    maxTokens: isReadOnly ? 1 : maxTokens,
    maxTokensField: 'max_tokens',
    choiceCount: 1,
    sampling: {
      temperature: body.temperature,
      // Zero is the API's way of taking the likeliest token only, which model servers refuse.
      topP: body.top_p === 0 ? undefined : body.top_p,
      topK: body.top_p === 0 ? 1 : body.top_k,
      stop: body.stop_sequences,
    },
    reasoningEffort: thinking?.type === 'disabled' ? 'none' : (config?.effort ?? effortFor(thinking)),
    reasoningTokens: thinking?.type === 'enabled' ? thinking.budget_tokens : undefined,
    isStream: stream === true,
    // Every stream of this wire ends with its usage.
    showsUsage: true,
    // A last turn of the assistant is the beginning of the answer.
    continuesLast: last?.role === 'assistant' && last.tool_calls === undefined && (last.content ?? '').length > 0,
    user: typeof user === 'string' ? user : undefined,
    metadata,
    echo,
    extras: {},
  });
}

function toolChoiceOf(choice: NonNullable<MessagesBody['tool_choice']>): InnerRequest['toolChoice'] {
  switch (choice.type) {
    case 'any':
      return 'required';
    case 'tool':
      return { name: choice.name };
    default:
      return choice.type;
  }
}

/** Budgets as clients set them, in the words that model servers know. */
function effortFor(thinking: MessagesBody['thinking']): string | undefined {
  if (thinking?.type !== 'enabled' || thinking.budget_tokens === undefined) return undefined;
  if (thinking.budget_tokens < 4096) return 'low';
  return thinking.budget_tokens < 16_384 ? 'medium' : 'high';
}

/** A model that thinks although nobody asked shows it; one that was told not to, or not to show it, does not. */
function showsThinking(thinking: MessagesBody['thinking']): boolean {
  if (thinking === undefined) return true;
  return thinking.type !== 'disabled' && thinking.display !== 'omitted';
}

function innerMessages({ system, messages }: MessagesBody): Result<Message[], Failure> {
  const inner: Message[] = [];
  if (system !== undefined) inner.push(...systemMessage(system));
  for (const [i, message] of messages.entries()) {
    if (message.role === 'system') inner.push(...systemMessage(message.content));
    else if (message.role === 'assistant') inner.push(assistantMessage(message.content));
    else {
      const turn = userMessages(message.content, `messages.${i}.content`);
      if (!turn.ok) return turn;
      inner.push(...turn.value);
    }
  }
  return inner.length === 0 ? fail({ code: 'invalid_value', param: 'messages', detail: 'Nothing is left of them.' }) : ok(inner);
}

/** Claude Code's note to its vendor changes with every request: passed on, no prompt would be in a prefix cache again. */
const billingNote = /^x-anthropic-billing-header:/;

function systemMessage(content: string | readonly TextPart[]): SystemMessage[] {
  if (typeof content === 'string') return content === '' ? [] : [{ role: 'system', content }];
  const parts = content.filter(({ text }) => text !== '' && !billingNote.test(text));
  const [first, ...others] = parts;
  if (first === undefined) return [];
  return [{ role: 'system', content: others.length === 0 ? first.text : parts }];
}
