/** Writes a request for Anthropic's Messages API (platform.claude.com, version 2023-06-01). */
import type { InnerRequest, Tool, ToolChoice } from '../request/inner-request.ts';
import { writeConversation, type WrittenConversation } from './anthropic-messages.ts';
import { inputSchema, schemaForClaude } from './anthropic-schema.ts';
import type { EncodeOptions, WireOptions } from './dialect.ts';
import { formatWords } from './format-words.ts';
import { untold } from './untold.ts';

export function encodeRequest(request: InnerRequest, options: EncodeOptions, wire: WireOptions): Record<string, unknown> {
  const { answerFormat: format, sampling } = request;
  const said = writeConversation(request, options.continueFrom);
  const schema =
    format?.kind === 'json_schema' && options.hasGrammar && wire.json_schema !== 'prompt' ? schemaForClaude(format.schema) : null;
  const words = schema === null ? formatWords(format) : '';
  const system = [said.system, words].filter((text) => text !== '').join('\n\n');
  const thinking = thinkingOf(request, options.maxTokens, wire);
  const effort = thinking?.effort === undefined ? {} : { effort: thinking.effort };
  const stops = [sampling.stop ?? []].flat().filter((stop) => !isBlank(stop));
  const output = { ...effort, ...(schema === null ? {} : { format: { type: 'json_schema', schema } }) };
  const body: Record<string, unknown> = {
    model: options.servedName,
    max_tokens: options.maxTokens,
    messages: said.turns,
    stream: options.isStream,
    ...(system === '' ? {} : { system }),
    ...(thinking === null ? samplingOf(request) : { thinking: thinking.field }),
    ...(Object.keys(output).length > 0 ? { output_config: output } : {}),
    ...(stops.length === 0 ? {} : { stop_sequences: stops }),
    ...toolsOf(request, said),
  };
  if (sampling.topK !== undefined && sampling.topK > 0 && thinking === null) body['top_k'] = sampling.topK;
  for (const field of wire.omit ?? []) delete body[field];
  return body;
}

/** "Each stop sequence must contain non-whitespace." */
function isBlank(stop: string): boolean {
  return stop.trim() === '';
}

/** What the client asked for and `body` does not say. */
export function unwritten(request: InnerRequest, body: Readonly<Record<string, unknown>>): readonly string[] {
  const isPartly = [request.sampling.stop ?? []].flat().some(isBlank);
  return [...(isPartly ? ['stop sequences of white space alone'] : []), ...untold(request, body)];
}

/** From 0 to 1, and one of both: newer models refuse temperature and top_p together. 1 is what they have without. */
function samplingOf({ sampling: { temperature, topP } }: InnerRequest): Record<string, unknown> {
  if (temperature !== undefined) return { temperature: Math.min(1, temperature) };
  return topP === undefined || topP === 1 ? {} : { top_p: topP };
}

interface Thinking {
  readonly field: Readonly<Record<string, unknown>>;
  readonly effort?: string;
}

/** The least that the API takes. */
const leastBudget = 1024;
const budgets: Readonly<Record<string, number>> = { low: 2048, medium: 8192, high: 24_576, xhigh: 32_768 };

/** Null where the model is not to think: nobody asked, or the API would refuse it beside a forced call or in the middle of a run of calls. */
function thinkingOf(request: InnerRequest, maxTokens: number, { thinking }: WireOptions): Thinking | null {
  const { reasoningEffort: effort, reasoningTokens: tokens, toolChoice, messages, tools } = request;
  const isForced = tools !== undefined && (toolChoice === 'required' || typeof toolChoice === 'object');
  if (thinking === undefined || isForced || messages.at(-1)?.role === 'tool') return null;
  const wanted = tokens ?? budgets[effort ?? ''];
  if (wanted === undefined) return null;
  if (thinking === 'adaptive') return { field: { type: 'adaptive' }, effort: effortOf(wanted) };
  const budget = Math.min(wanted, Math.floor(maxTokens / 2));
  return budget < leastBudget ? null : { field: { type: 'enabled', budget_tokens: budget } };
}

/** The least effort with a budget that large. */
function effortOf(wanted: number): string {
  return ['low', 'medium'].find((name) => wanted <= (budgets[name] ?? 0)) ?? 'high';
}

/** A history with calls needs tools, also where the client offers none any more. */
function toolsOf(request: InnerRequest, { called }: WrittenConversation): Record<string, unknown> {
  const { tools } = request;
  if (tools === undefined) {
    if (called.length === 0) return {};
    return { tools: called.map((name) => ({ name, input_schema: inputSchema(undefined) })), tool_choice: { type: 'none' } };
  }
  return { tools: tools.map(encodeTool), tool_choice: choiceOf(request.toolChoice ?? 'auto', request.allowsParallelCalls) };
}

function encodeTool({ function: { name, description, parameters } }: Tool): unknown {
  return { name, ...(description === undefined ? {} : { description }), input_schema: inputSchema(parameters) };
}

function choiceOf(choice: ToolChoice, allowsParallel: boolean | undefined): unknown {
  if (choice === 'none') return { type: 'none' };
  const single = allowsParallel === false ? { disable_parallel_tool_use: true } : {};
  if (typeof choice === 'object') return { type: 'tool', name: choice.name, ...single };
  return { type: choice === 'required' ? 'any' : 'auto', ...single };
}
