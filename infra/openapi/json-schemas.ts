/** Zod schemas as JSON Schema: those with a name as components of the document, and all others where they stand. */
import * as z from 'zod';
import { WholeNumber } from '../../shared/chat.ts';
import { isObject } from '../../shared/is-object.ts';
import type { Schema } from './operation.ts';

export type JsonSchema = Record<string, unknown>;

/** `input`: what may be sent. `output`: what is answered. */
type Direction = 'input' | 'output';

export interface NamedSchemas {
  /** By name, for `components.schemas`. */
  readonly components: Readonly<Record<string, JsonSchema>>;
  /** A reference where it has a name, else the schema itself. */
  of(schema: Schema): JsonSchema;
}

/** @param named schemas by their names; a schema within another one is referred to by its name */
export function namedSchemas(named: Readonly<Record<string, Schema>>, io: Direction): NamedSchemas {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(named)) registry.add(schema, { id });
  const options = { io, unrepresentable: 'any', uri: referenceTo, override: sayWhole } as const;
  const { schemas } = z.toJSONSchema(registry, options);
  const components = Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, tidy(schema)]));
  return {
    components,
    of(schema) {
      const { id } = registry.get(schema) ?? {};
      return id === undefined ? tidy(z.toJSONSchema(schema, { ...options, metadata: registry })) : { $ref: referenceTo(id) };
    },
  };
}

/** A refinement is code; what this one asks for is a type of JSON Schema. */
function sayWhole({ zodSchema, jsonSchema }: { zodSchema: Schema; jsonSchema: JsonSchema }): void {
  if (zodSchema === WholeNumber) jsonSchema['type'] = 'integer';
}

export function referenceTo(name: string): string {
  return `#/components/schemas/${name}`;
}

/** `$id` would change what references mean, and `$schema` stands in the document once. */
function tidy(schema: unknown): JsonSchema {
  if (!isObject(schema)) return {};
  const { $id: _id, $schema: _schema, ...rest } = schema;
  return rest;
}

/** An answer for readers: an object may get further keys in a later version, which clients must not stumble over. */
export function opened(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(opened);
  if (!isObject(schema)) return schema;
  const entries = Object.entries(schema).filter(([key, value]) => key !== 'additionalProperties' || value !== false);
  return Object.fromEntries(entries.map(([key, value]) => [key, opened(value)]));
}

/** The same with a description for each property that has a meaning and none yet. */
export function explained(schema: JsonSchema, meanings: ReadonlyMap<string, string>): JsonSchema {
  const { properties } = schema;
  if (!isObject(properties)) {
    const { anyOf } = schema;
    return Array.isArray(anyOf) ? { ...schema, anyOf: anyOf.map((one) => explained(tidy(one), meanings)) } : schema;
  }
  const entries = Object.entries(properties).map(([name, property]) => {
    const description = meanings.get(name);
    return [name, description === undefined || !isObject(property) ? property : { description, ...property }];
  });
  return { ...schema, properties: Object.fromEntries(entries) };
}
