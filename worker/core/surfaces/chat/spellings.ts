/** Alternative spellings of known fields, unified before validation. */
import { asArray, asObject } from '../../json/view.ts';

/** Rewrites `body` in place. Unrecognised values stay, so that the shape check can name them. */
export function unifySpellings(body: Record<string, unknown>): void {
  dropEmptyLists(body);
  for (const message of asArray(body['messages']) ?? []) unifyParts(asArray(asObject(message)?.['content']));
  const format = asObject(body['response_format']);
  if (format !== null) body['response_format'] = unifiedFormat(format);
  const outputs = asObject(body['structured_outputs']);
  if (outputs !== null) body['structured_outputs'] = unifiedOutputs(outputs);
}

/** An empty list asks for nothing, but servers refuse it (vLLM answers 400 to `tools: []`). Fields about tools are dropped with them. */
function dropEmptyLists(body: Record<string, unknown>): void {
  const hadNoTools = asArray(body['tools'])?.length === 0;
  for (const key of Object.keys(body)) {
    if (key !== 'messages' && asArray(body[key])?.length === 0) delete body[key];
  }
  if (!hadNoTools) return;
  delete body['tool_choice'];
  delete body['parallel_tool_calls'];
}

/** Text types of OpenAI's Responses API, which vLLM also takes here. */
const textTypes: ReadonlySet<unknown> = new Set(['input_text', 'output_text']);

function unifyParts(parts: readonly unknown[] | null): void {
  for (const part of parts ?? []) {
    const read = asObject(part);
    if (read !== null && textTypes.has(read['type'])) Reflect.set(read, 'type', 'text');
  }
}

/** `{type: json_object | json_schema, schema}`, the form of llama.cpp and Together. */
function unifiedFormat(format: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { schema, json_schema: named, ...rest } = format;
  const isJson = format['type'] === 'json_object' || format['type'] === 'json_schema';
  if (!isJson || named !== undefined || asObject(schema) === null) return format;
  return { ...rest, type: 'json_schema', json_schema: { name: 'answer', schema } };
}

/** vLLM also takes a schema as JSON text, and counts `json_object: false` as another constraint. */
function unifiedOutputs({ json_object: isObject, json, ...rest }: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const schema = typeof json === 'string' ? parsed(json) : json;
  return {
    ...rest,
    ...(isObject === false || isObject === undefined ? {} : { json_object: isObject }),
    ...(schema === undefined ? {} : { json: schema }),
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
