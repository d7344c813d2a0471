/** Contradictions between fields of a request. */
import type { AllowedTools, ChatRequest, Message, StructuredOutputs } from '../../../../shared/chat.ts';
import type { Failure } from '../../../../shared/errors.ts';

/** The first contradiction, as a failure that names the field; null when there is none. */
export function contradiction(request: ChatRequest): Failure | null {
  return inLimits(request) ?? inLogprobs(request) ?? inTools(request) ?? inOutputs(request) ?? inContinuation(request);
}

function invalid(param: string, detail: string): Failure {
  return { code: 'invalid_value', param, detail };
}

function inLimits({ min_tokens: least = 0, max_tokens: most, max_completion_tokens: newer = most }: ChatRequest): Failure | null {
  return newer !== undefined && least > newer
    ? invalid('min_tokens', `It is larger than the most tokens asked for, ${newer}.`)
    : null;
}

function inLogprobs({ logprobs, top_logprobs: top = 0 }: ChatRequest): Failure | null {
  return top > 0 && logprobs !== true ? invalid('top_logprobs', 'It needs logprobs: true.') : null;
}

function inTools({ tools, tool_choice: choice }: ChatRequest): Failure | null {
  const names = new Set<string>();
  for (const [i, tool] of (tools ?? []).entries()) {
    if (names.has(tool.function.name)) return invalid(`tools.${i}.function.name`, 'Two tools have the same name.');
    names.add(tool.function.name);
  }
  if (choice === undefined || choice === 'none' || choice === 'auto') return null;
  if (typeof choice === 'object' && choice.type === 'allowed_tools') return inAllowed(choice.allowed_tools, names);
  if (tools === undefined) return invalid('tool_choice', 'It needs tools.');
  if (choice === 'required') return null;
  return names.has(choice.function.name) ? null : invalid('tool_choice.function.name', notOffered);
}

const notOffered = 'No tool of that name is offered.';

/** What a vendor would run may stand among them and asks for nothing here, unless a call is demanded. */
function inAllowed({ mode, tools }: AllowedTools['allowed_tools'], names: ReadonlySet<string>): Failure | null {
  const param = 'tool_choice.allowed_tools.tools';
  for (const [i, { type, function: tool }] of tools.entries())
    if (type === 'function' && !names.has(tool?.name ?? '')) return invalid(`${param}.${i}.function.name`, notOffered);
  const isMet = mode === 'auto' || tools.some(({ type }) => type === 'function');
  return isMet ? null : invalid(param, 'None of these tools is offered.');
}

const constraints = ['json', 'json_object', 'regex', 'choice', 'grammar'] as const satisfies readonly (keyof StructuredOutputs)[];

function inOutputs({ structured_outputs: outputs, response_format: format }: ChatRequest): Failure | null {
  if (outputs === undefined) return null;
  const given = constraints.filter((name) => outputs[name] !== undefined);
  if (given.length !== 1) return invalid('structured_outputs', `Expected exactly one of: ${constraints.join(', ')}.`);
  if (format !== undefined && format.type !== 'text') {
    return invalid('structured_outputs', 'It cannot stand beside response_format.');
  }
  return null;
}

function inContinuation(request: ChatRequest): Failure | null {
  if (request.continue_final_message !== true) return null;
  if (request.add_generation_prompt === true) {
    return invalid('add_generation_prompt', 'It must be false beside continue_final_message.');
  }
  return isBegun(request.messages.at(-1))
    ? null
    : invalid('continue_final_message', 'The last message must be the assistant’s text that is to be continued.');
}

function isBegun(last: Message | undefined): boolean {
  return last?.role === 'assistant' && (last.tool_calls ?? []).length === 0 && (last.content ?? '').length > 0;
}
