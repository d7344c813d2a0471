/** Parameters of tools as every server and chat template takes them. */
import type { Tool } from '../request/inner-request.ts';

type Schema = Readonly<Record<string, unknown>>;

/** Keywords by which a schema says itself what its values are. */
const saying = ['type', '$ref', 'anyOf', 'oneOf', 'allOf', 'enum', 'const'];

/**
 * A tool whose arguments are an object, as they are in every call. Clients leave that out, mostly of tools without arguments (`{}`): a
 * grammar would then let a text or a number through, which is no call, and there are servers and chat templates that fail at it.
 */
export function withObject(tool: Tool): Tool {
  const { parameters } = tool.function;
  if (parameters === undefined || saying.some((keyword) => keyword in parameters)) return tool;
  return { ...tool, function: { ...tool.function, parameters: ofObject(parameters) } };
}

function ofObject(schema: Schema): Schema {
  return { type: 'object', properties: {}, ...schema };
}
