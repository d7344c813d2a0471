/** What a response says of its request. Large instructions and tools are not said again: they would be kept and sent with every answer. */
import type { Body, FunctionTool } from './body.ts';

export type Echo = Readonly<Record<string, unknown>>;

const maxChars = 200_000;

export function echoOf(body: Body, tools: readonly FunctionTool[], isStored: boolean): Echo {
  const instructions = body.instructions ?? null;
  const shown = tools.map(({ type, name, description, parameters, strict }) => ({
    type,
    name,
    description: description ?? null,
    parameters: parameters ?? null,
    strict: strict ?? null,
  }));
  const isSmall = (instructions?.length ?? 0) + JSON.stringify(shown).length <= maxChars;
  const summary = body.reasoning?.summary ?? body.reasoning?.generate_summary ?? null;
  return {
    model: body.model,
    background: false,
    instructions: isSmall ? instructions : null,
    max_output_tokens: body.max_output_tokens ?? null,
    metadata: body.metadata ?? {},
    parallel_tool_calls: body.parallel_tool_calls ?? true,
    previous_response_id: body.previous_response_id ?? null,
    ...(body.prompt_cache_key === undefined ? {} : { prompt_cache_key: body.prompt_cache_key }),
    reasoning: { effort: body.reasoning?.effort ?? null, summary },
    ...(body.safety_identifier === undefined ? {} : { safety_identifier: body.safety_identifier }),
    store: isStored,
    temperature: body.temperature ?? null,
    text: { format: body.text?.format ?? { type: 'text' } },
    tool_choice: body.tool_choice ?? 'auto',
    tools: isSmall ? shown : [],
    top_logprobs: body.top_logprobs ?? 0,
    top_p: body.top_p ?? null,
    truncation: 'disabled',
    ...(body.user === undefined ? {} : { user: body.user }),
  };
}

/** Thinking is shown as its summary, which is all that most clients show. */
export function showsSummary(echo: Echo): boolean {
  const { reasoning } = echo;
  return typeof reasoning === 'object' && reasoning !== null && 'summary' in reasoning && reasoning.summary !== null;
}
