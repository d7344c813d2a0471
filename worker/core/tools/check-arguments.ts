/**
 * Validates the arguments of a surfaced call against the schema its tool declared, and repairs what can be repaired without guessing:
 * a scalar written as the wrong type, a property the schema does not allow. A schema that is not supported checks nothing.
 */
import type { ArgumentsVerdict } from '../../../shared/records.ts';
import type { Tool } from '../request/inner-request.ts';
import type { CompiledSchema, SchemaLimits } from '../structured/compile-schema.ts';
import { compileSchema } from '../structured/compile-schema.ts';
import { asObject } from '../json/view.ts';

export interface CheckedArguments {
  readonly verdict: ArgumentsVerdict;
  /** The arguments to show: repaired ones if that made them valid, else the model's own. */
  readonly arguments: string;
}

export interface ArgumentsCheck {
  check(name: string, argumentsText: string): CheckedArguments;
}

/** Schemas are compiled at the first call of their tool: most requests offer many tools and call none. */
export function createArgumentsCheck(tools: readonly Tool[], limits: SchemaLimits, mayRepair: boolean): ArgumentsCheck {
  const compiled = new Map<string, CompiledSchema | null>();
  const schemaOf = (name: string): CompiledSchema | null => {
    const known = compiled.get(name);
    if (known !== undefined) return known;
    const parameters = tools.find((tool) => tool.function.name === name)?.function.parameters;
    const made = parameters === undefined ? null : compileSchema(parameters, limits, 'parameters');
    const schema = made !== null && made.ok ? made.value : null;
    compiled.set(name, schema);
    return schema;
  };
  return {
    check(name, argumentsText) {
      const schema = schemaOf(name);
      if (schema === null) return { verdict: 'unchecked', arguments: argumentsText };
      const value = parse(argumentsText);
      if (value !== undefined && schema.validate(value).length === 0) return { verdict: 'valid', arguments: argumentsText };
      const repaired = mayRepair
        ? repair(value, tools.find((tool) => tool.function.name === name)?.function.parameters)
        : undefined;
      if (repaired !== undefined && schema.validate(repaired).length === 0) {
        return { verdict: 'repaired', arguments: JSON.stringify(repaired) };
      }
      return { verdict: 'invalid', arguments: argumentsText };
    },
  };
}

/** Top-level properties only: models go wrong there, and deeper down a repair would be a guess. */
function repair(value: unknown, schema: unknown): Record<string, unknown> | undefined {
  const given = asObject(value);
  const properties = asObject(asObject(schema)?.['properties']);
  if (given === null || properties === null) return undefined;
  const isClosed = asObject(schema)?.['additionalProperties'] === false;
  const entries: [string, unknown][] = [];
  for (const [name, item] of Object.entries(given)) {
    const declared = Object.hasOwn(properties, name) ? asObject(properties[name]) : null;
    if (declared !== null) entries.push([name, coerce(item, declared['type'])]);
    else if (!isClosed) entries.push([name, item]);
  }
  return Object.fromEntries(entries);
}

/** Lossless only: the text of the result is the original text. */
function coerce(value: unknown, type: unknown): unknown {
  if (typeof value === 'string') {
    if ((type === 'integer' || type === 'number') && /^-?\d{1,15}(?:\.\d{1,15})?$/.test(value)) return Number(value);
    if (type === 'boolean' && (value === 'true' || value === 'false')) return value === 'true';
    if (type === 'null' && value === 'null') return null;
  }
  if (type === 'string' && (typeof value === 'number' || typeof value === 'boolean')) return String(value);
  return value;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
