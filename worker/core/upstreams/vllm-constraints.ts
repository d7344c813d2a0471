/** What a request says about the form of its answer, as vLLM's grammars take it: formats and tools. */
import type { AskedFormat, InnerRequest, StructuredOutputs, Tool } from '../request/inner-request.ts';
import { type GrammarAllowance, schemaForGrammar } from './grammar-schema.ts';
import { withObject } from './tool-parameters.ts';

/** Grammars of several hundred tools take seconds to compile; beyond this, arguments are only checked afterwards. */
const maxSchemas = 2000;

export interface Constraints {
  readonly response_format?: unknown;
  readonly structured_outputs?: StructuredOutputs;
  readonly tools?: readonly Tool[];
}

/** The request's own fields where nothing has to change. @param hasGrammar the model's server constrains by schemas */
export function encodeConstraints(request: InnerRequest, hasGrammar: boolean): Constraints {
  const { answerFormat: format, structuredOutputs: outputs, tools } = request;
  const allowance = { left: maxSchemas };
  return {
    ...(tools === undefined ? {} : { tools: encodeTools(request, tools, hasGrammar, allowance) }),
    ...(outputs === undefined ? formatOf(format, allowance) : outputsOf(outputs, allowance)),
  };
}

function formatOf(format: AskedFormat | undefined, allowance: GrammarAllowance): Constraints {
  if (format === undefined) return {};
  const { kind: type, ...named } = format;
  if (!('schema' in named)) return { response_format: { type } };
  const schema = schemaForGrammar(named.schema, allowance) ?? named.schema;
  return { response_format: { type, json_schema: { ...named, schema } } };
}

/** The format is in the client's own field, whose other members stay as they are. */
function outputsOf(outputs: StructuredOutputs, allowance: GrammarAllowance): Constraints {
  const json = outputs.json === undefined ? null : schemaForGrammar(outputs.json, allowance);
  return { structured_outputs: json === null || json === outputs.json ? outputs : { ...outputs, json } };
}

/**
 * vLLM lets a forced call have any arguments, unless the tool is strict: then they follow the tool's schema. So a tool that
 * must be called is made strict, unless the client said otherwise or no grammar can be made of its schema.
 */
function encodeTools(request: InnerRequest, tools: readonly Tool[], hasGrammar: boolean, allowance: GrammarAllowance): Tool[] {
  return tools.map((given) => {
    const tool = withObject(given);
    const { parameters, strict, name } = tool.function;
    const wantsGrammar = strict ?? (hasGrammar && isForced(request, name));
    if (!wantsGrammar || parameters === undefined) return tool;
    const schema = schemaForGrammar(parameters, allowance);
    return schema === null ? tool : { ...tool, function: { ...tool.function, parameters: { ...schema }, strict: true } };
  });
}

function isForced({ toolChoice: choice }: InnerRequest, name: string): boolean {
  return choice === 'required' || (typeof choice === 'object' && choice.name === name);
}
