/** The OpenAPI document as the fuzzing run reads it: operations with their parameters, bodies and answers, and validators for them. */
import { type Schema, Validator } from '@cfworker/json-schema';
import { isObject } from '../../shared/is-object.ts';
import { dropNulls } from '../../worker/core/surfaces/chat/drop-nulls.ts';
import { unifySpellings } from '../../worker/core/surfaces/chat/spellings.ts';
import { answerSchemas, openApiDocument, operations as rows, templateOf } from '../openapi/document.ts';
import type { JsonSchema } from '../openapi/json-schemas.ts';

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required: boolean;
  readonly schema: JsonSchema;
}

export interface FuzzedOperation {
  /** `POST /v1/rerank`. */
  readonly title: string;
  readonly method: string;
  /** `/admin/keys/{id}`. */
  readonly path: string;
  readonly parameters: readonly Parameter[];
  readonly body: JsonSchema | null;
  readonly isBodyRequired: boolean;
  /** The first of the ways to be let in: `apiKey`, `adminToken` …; null where everybody is. */
  readonly security: string | null;
  readonly responses: Readonly<Record<string, JsonSchema>>;
}

export interface FuzzedSurface {
  readonly operations: readonly FuzzedOperation[];
  readonly components: Readonly<Record<string, JsonSchema>>;
  /** What is wrong with a body that is to be sent, in the validator's words; empty when nothing is. */
  bodyMistakes(operation: FuzzedOperation, body: unknown): readonly string[];
  /** The same for an answer. Objects may have no keys that the document does not name. */
  answerMistakes(schema: JsonSchema, answer: unknown): readonly string[];
}

export function fuzzedSurface(): FuzzedSurface {
  const document = openApiDocument();
  const paths: Record<string, Record<string, JsonSchema>> = Object(document['paths']);
  const components: Record<string, JsonSchema> = Object(Object(document['components'])['schemas']);
  const closed = answerSchemas().components;
  const operations = Object.entries(rows).map(([title, row]): FuzzedOperation => {
    const [method = '', path = ''] = title.split(' ');
    const template = templateOf(path, row);
    const found = paths[template]?.[method.toLowerCase()] ?? {};
    const requestBody: JsonSchema | null = isObject(found['requestBody']) ? found['requestBody'] : null;
    const security: readonly object[] = Array.isArray(found['security']) ? found['security'] : [];
    return {
      title,
      method,
      path: template,
      parameters: Array.isArray(found['parameters']) ? found['parameters'] : [],
      body: requestBody === null ? null : jsonSchemaIn(requestBody),
      isBodyRequired: requestBody?.['required'] === true,
      security: Object.keys(security[0] ?? {})[0] ?? null,
      responses: Object(found['responses']),
    };
  });
  const validators = new Map<JsonSchema, Validator>();
  const mistakes = (schema: JsonSchema, value: unknown, schemas: Readonly<Record<string, JsonSchema>>): string[] => {
    const validator =
      validators.get(schema) ?? new Validator({ ...schema, components: { schemas } } as unknown as Schema, '2020-12', false);
    validators.set(schema, validator);
    const { errors } = validator.validate(value);
    // The last ones say where it is; the first ones only that something within is wrong.
    return errors.map(({ instanceLocation, error }) => `${instanceLocation.slice(1) || '(root)'}: ${error}`);
  };
  return {
    operations,
    components,
    bodyMistakes: ({ body }, value) => (body === null ? [] : mistakes(body, asRead(value), components)),
    answerMistakes: (schema, value) => mistakes(schema, value, closed),
  };
}

/** As bodies are read: null is not set, and other spellings of a chat's fields are unified (`core/surfaces/chat/spellings.ts`). */
function asRead(body: unknown): unknown {
  if (!isObject(body)) return body;
  // The validator stumbles over names with half of a surrogate pair, which the gateway has to take.
  const copy: Record<string, unknown> = JSON.parse(JSON.stringify(body).replaceAll(/\\ud[89a-f][0-9a-f]{2}/g, '?'));
  dropNulls(copy);
  if ('messages' in copy) unifySpellings(copy);
  return copy;
}

/** The schema of a body of media type JSON, in a request or in an answer. */
export function jsonSchemaIn(holder: JsonSchema): JsonSchema | null {
  const { schema } = Object(Object(holder['content'])['application/json']);
  return isObject(schema) ? schema : null;
}
