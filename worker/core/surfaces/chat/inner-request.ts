/** From a checked chat body to the inner request. */
import type { ChatRequest, ResponseFormat, ToolChoice } from '../../../../shared/chat.ts';
import type { AskedFormat, InnerRequest } from '../../request/inner-request.ts';

export function innerRequest(chat: ChatRequest): InnerRequest {
  const {
    model,
    messages,
    tools,
    tool_choice: choice,
    parallel_tool_calls: allowsParallelCalls,
    response_format: format,
    structured_outputs: structuredOutputs,
    max_tokens: olderMaxTokens,
    max_completion_tokens: maxTokens,
    n,
    temperature,
    top_p: topP,
    top_k: topK,
    presence_penalty: presencePenalty,
    frequency_penalty: frequencyPenalty,
    seed,
    logit_bias: logitBias,
    stop,
    logprobs,
    top_logprobs: topLogprobs,
    reasoning_effort: reasoningEffort,
    stream,
    stream_options: streamOptions,
    continue_final_message: continuesLast,
    user,
    metadata,
    ...extras
  } = chat;
  return {
    model,
    messages,
    tools: toolsOf(tools, choice),
    toolChoice: choice === undefined ? undefined : toolChoiceOf(choice),
    allowsParallelCalls,
    answerFormat: format === undefined ? undefined : formatOf(format),
    structuredOutputs,
    maxTokens: maxTokens ?? olderMaxTokens,
    maxTokensField: maxTokens === undefined ? 'max_tokens' : 'max_completion_tokens',
    choiceCount: n ?? 1,
    sampling: { temperature, topP, topK, presencePenalty, frequencyPenalty, seed, logitBias, stop },
    logprobs,
    topLogprobs,
    reasoningEffort,
    isStream: stream === true,
    showsUsage: streamOptions?.include_usage === true,
    continuesLast: continuesLast === true,
    user,
    metadata,
    extras,
  };
}

function toolChoiceOf(choice: ToolChoice): InnerRequest['toolChoice'] {
  if (typeof choice === 'string') return choice;
  return choice.type === 'allowed_tools' ? choice.allowed_tools.mode : { name: choice.function.name };
}

/** Models know no list of allowed tools: they are shown these and no others. */
function toolsOf(tools: ChatRequest['tools'], choice: ToolChoice | undefined): ChatRequest['tools'] {
  if (typeof choice !== 'object' || choice.type !== 'allowed_tools') return tools;
  const allowed = new Set(
    choice.allowed_tools.tools.map(({ type, function: tool }) => (type === 'function' ? tool?.name : null)),
  );
  const left = tools?.filter(({ function: { name } }) => allowed.has(name)) ?? [];
  return left.length === 0 ? undefined : left;
}

function formatOf(format: ResponseFormat): AskedFormat {
  return format.type === 'json_schema' ? { kind: format.type, ...format.json_schema } : { kind: format.type };
}
