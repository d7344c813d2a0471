/** What a request says about the form of its answer, as vLLM's grammars take it: formats and tools. */
import type { ChatRequest, Tool } from '../../../shared/chat.ts';
import { type GrammarAllowance, schemaForGrammar } from './grammar-schema.ts';

/** Grammars of several hundred tools take seconds to compile; beyond this, arguments are only checked afterwards. */
const maxSchemas = 2000;

export type Constraints = Partial<Pick<ChatRequest, 'response_format' | 'structured_outputs' | 'tools'>>;

/** The request's own fields where nothing has to change. @param hasGrammar the model's server constrains by schemas */
export function encodeConstraints(request: ChatRequest, hasGrammar: boolean): Constraints {
  const { response_format: format, structured_outputs: outputs, tools } = request;
  const allowance = { left: maxSchemas };
  return {
    ...(tools === undefined ? {} : { tools: encodeTools(request, tools, hasGrammar, allowance) }),
    ...(outputs === undefined ? formatOf(format, allowance) : outputsOf(outputs, allowance)),
  };
}

function formatOf(format: ChatRequest['response_format'], allowance: GrammarAllowance): Constraints {
  if (format === undefined) return {};
  if (format.type !== 'json_schema') return { response_format: format };
  const { json_schema: named } = format;
  const schema = schemaForGrammar(named.schema, allowance);
  const isWhole = schema === null || schema === named.schema;
  return { response_format: isWhole ? format : { ...format, json_schema: { ...named, schema } } };
}

/** The format stands in the client's own field, with what else that says. */
function outputsOf(outputs: NonNullable<ChatRequest['structured_outputs']>, allowance: GrammarAllowance): Constraints {
  const json = outputs.json === undefined ? null : schemaForGrammar(outputs.json, allowance);
  return { structured_outputs: json === null || json === outputs.json ? outputs : { ...outputs, json } };
}

/**
 * vLLM lets a forced call have any arguments, unless the tool is strict: then they follow the tool's schema. So what may be called by
 * force is made strict, unless the client said otherwise or the schema is not for grammars.
 */
function encodeTools(request: ChatRequest, tools: readonly Tool[], hasGrammar: boolean, allowance: GrammarAllowance): Tool[] {
  return tools.map((tool) => {
    const { parameters, strict, name } = tool.function;
    const wantsGrammar = strict ?? (hasGrammar && isForced(request, name));
    if (!wantsGrammar || parameters === undefined) return tool;
    const schema = schemaForGrammar(parameters, allowance);
    return schema === null ? tool : { ...tool, function: { ...tool.function, parameters: { ...schema }, strict: true } };
  });
}

function isForced({ tool_choice: choice }: ChatRequest, name: string): boolean {
  return choice === 'required' || (typeof choice === 'object' && choice.function.name === name);
}
