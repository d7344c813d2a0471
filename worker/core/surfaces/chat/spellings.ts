/** Other spellings of what the schema knows: brought into its one form before anything is checked. */
import { asArray, asObject } from '../../json/view.ts';

/** Rewrites `body` in place. What it does not recognise stays as it is, for the shape check to name. */
export function unifySpellings(body: Record<string, unknown>): void {
  dropEmptyLists(body);
  for (const message of asArray(body['messages']) ?? []) unifyParts(asArray(asObject(message)?.['content']));
  const format = asObject(body['response_format']);
  if (format !== null) body['response_format'] = unifiedFormat(format);
  const outputs = asObject(body['structured_outputs']);
  if (outputs !== null) body['structured_outputs'] = unifiedOutputs(outputs);
}

/** A list without entries asks for nothing; servers refuse it (`tools: []` is vLLM's 400). What speaks about tools goes with them. */
function dropEmptyLists(body: Record<string, unknown>): void {
  const hadNoTools = asArray(body['tools'])?.length === 0;
  for (const key of Object.keys(body)) {
    if (key !== 'messages' && asArray(body[key])?.length === 0) delete body[key];
  }
  if (!hadNoTools) return;
  delete body['tool_choice'];
  delete body['parallel_tool_calls'];
}

/** The types that OpenAI's newer API has for text; vLLM takes them here as well. */
const textTypes: ReadonlySet<unknown> = new Set(['input_text', 'output_text']);

function unifyParts(parts: readonly unknown[] | null): void {
  for (const part of parts ?? []) {
    const read = asObject(part);
    if (read !== null && textTypes.has(read['type'])) Reflect.set(read, 'type', 'text');
  }
}

/** `{type: json_object | json_schema, schema}`, as llama.cpp and Together have it. */
function unifiedFormat(format: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { schema, json_schema: named, ...rest } = format;
  const isJson = format['type'] === 'json_object' || format['type'] === 'json_schema';
  if (!isJson || named !== undefined || asObject(schema) === null) return format;
  return { ...rest, type: 'json_schema', json_schema: { name: 'answer', schema } };
}

/** vLLM takes a schema as JSON text, too, and counts `json_object: false` as one constraint more. */
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
