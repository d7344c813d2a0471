/** What a request declares about its tools, to distinguish calls from text that only looks like one. */
import { isObject } from '../../../shared/is-object.ts';

/** A tool the request declares; `parameters` is its JSON Schema, if there is one. */
export interface DeclaredTool {
  readonly name: string;
  readonly parameters?: Readonly<Record<string, unknown>> | undefined;
}

export type DeclaredTools = ReadonlyMap<string, DeclaredTool>;

/** Whether the tool's schema names such an argument. */
export function declaresArgument(tool: DeclaredTool | undefined, name: string): boolean {
  const properties = propertiesOf(tool);
  return properties !== null && Object.hasOwn(properties, name);
}

/** Whether a call of the tool may have such an argument, as far as can be told: a schema without properties leaves it open. */
export function mayHaveArgument(tool: DeclaredTool, name: string): boolean {
  return propertiesOf(tool) === null || declaresArgument(tool, name);
}

/** A name that the request does not know is surfaced only if it could be a function's: templates write `<name>`, `{tool}`, `...`. */
export function isNameLike(name: string): boolean {
  return /^[\p{L}\p{N}_][\p{L}\p{N}_.:/-]{0,255}$/u.test(name);
}

const typeNames = new Set(['object', 'array', 'string', 'number', 'integer', 'boolean', 'null']);
/** What stands beside `type: object` in a tool's declaration. */
const schemaKeys = new Set(
  'type properties required additionalProperties description title $schema $defs definitions examples default strict nullable'.split(
    ' ',
  ),
);

/**
 * Whether the arguments of what looks like a call (JSON text of an object) are those of a declaration: a JSON Schema, or a schema for each
 * argument, where the tool itself has no such arguments.
 */
export function isDeclaration(argumentsText: string, tool: DeclaredTool | undefined): boolean {
  // Whatever follows needs one of these words, and most calls have none.
  if (!argumentsText.includes('type') && !argumentsText.includes('properties')) return false;
  const value: unknown = JSON.parse(argumentsText);
  return isObject(value) && (isSchema(value, tool) || areSchemas(value, tool));
}

function isSchema(value: Readonly<Record<string, unknown>>, tool: DeclaredTool | undefined): boolean {
  const { type, properties } = value;
  const isTyped = typeof type === 'string' && type.toLowerCase() === 'object' && !declaresArgument(tool, 'type');
  const hasProperties = isObject(properties) && !declaresArgument(tool, 'properties');
  return (isTyped || hasProperties) && Object.keys(value).every((key) => schemaKeys.has(key));
}

/** `{"city": {"type": "string"}}` for an argument that is declared, and is no object. */
function areSchemas(value: Readonly<Record<string, unknown>>, tool: DeclaredTool | undefined): boolean {
  const entries = Object.entries(value);
  const properties = propertiesOf(tool);
  if (properties === null || entries.length === 0) return false;
  return entries.every(([name, schema]) => {
    const { type } = isObject(schema) ? schema : {};
    const declared = Object.hasOwn(properties, name) ? properties[name] : null;
    const declaredType = isObject(declared) ? declared['type'] : null;
    const isSchemaHere = typeof type === 'string' && typeNames.has(type.toLowerCase());
    return isSchemaHere && typeof declaredType === 'string' && declaredType !== 'object';
  });
}

function propertiesOf(tool: DeclaredTool | undefined): Readonly<Record<string, unknown>> | null {
  const properties = tool?.parameters?.['properties'];
  return isObject(properties) ? properties : null;
}
