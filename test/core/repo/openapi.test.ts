/** The OpenAPI document against the table of paths, OpenAPI's own schema, and the examples of docs/api.md. */
import { type Schema, Validator } from '@cfworker/json-schema';
import { describe, expect, it } from 'vitest';
import { headerNames } from '../../../shared/headers.ts';
import { isObject } from '../../../shared/is-object.ts';
import { routesOf } from '../../../worker/app.ts';
import { surfaces } from '../../../worker/core/surfaces/registry.ts';
import { readRepoFile } from '../../../infra/graph/source-files.ts';
import { readApiPage } from '../../../infra/openapi/api-page.ts';
import type { Operation } from '../../../infra/openapi/operation.ts';
import { answerSchemas, openApiDocument, operations, type Served, undescribed } from '../../../infra/openapi/document.ts';

/** Served as a file, without the Worker. */
const files: readonly Served[] = [{ method: 'GET', path: '/openapi.json', access: 'open' }];
const served = [...routesOf(surfaces).map(([method, path, access]) => ({ method, path, access })), ...files];
const page = readApiPage();
const document = openApiDocument();
const text = JSON.stringify(document);
/** Of 2021-04-15. It asks for absolute addresses where the specification, and later schemas, take relative ones. */
const openApiSchema = JSON.parse(
  readRepoFile('test/fixtures/openapi-3.1.schema.json').replaceAll('"format": "uri"', '"format": "uri-reference"'),
);

/** Every object in a value, with where it stands. */
function* objectsIn(value: unknown, path = '#'): Generator<readonly [path: string, object: Record<string, unknown>]> {
  if (Array.isArray(value)) for (const [i, item] of value.entries()) yield* objectsIn(item, `${path}/${i}`);
  if (!isObject(value)) return;
  yield [path, value];
  for (const [key, inner] of Object.entries(value)) yield* objectsIn(inner, `${path}/${key}`);
}

function mistakesOf(schema: unknown, value: unknown): string[] {
  const { errors } = new Validator(schema as Schema, '2020-12', false).validate(value);
  return errors.map(({ instanceLocation, error }) => `${instanceLocation}: ${error}`);
}

describe('the OpenAPI document', () => {
  it('has every path that the gateway serves, and no other', () => {
    expect(undescribed(served, operations, page)).toEqual([]);
  });

  it('says what to do about a path that only the gateway has, and about one that only the document has', () => {
    const boxes = { method: 'GET', path: '/admin/boxes', access: 'admin' };
    const livez: Operation = { id: 'isAlive', tag: 'health', answers: {} };
    const told = undescribed([boxes], { 'GET /livez': livez }, page);
    expect(told).toEqual([
      expect.stringMatching(/^route GET \/admin\/boxes is mounted but not described: add a row to infra\/openapi/),
      expect.stringMatching(/^route GET \/admin\/boxes is mounted but has no section in docs\/api\.md: add one/),
      expect.stringMatching(/^GET \/livez is described in infra\/openapi\/ but not mounted: take its row away/),
    ]);
  });

  it.each(served)('knows who may use $method $path', ({ method, path, access }) => {
    expect(page.sections.get(`${method} ${path}`)?.access).toBe(access);
  });

  it('is valid by the schema of OpenAPI 3.1', () => {
    expect(mistakesOf(openApiSchema, document).slice(0, 20)).toEqual([]);
  });

  it('is refused by that schema with a mistake in it', () => {
    const wrong = JSON.parse(text.replace('"operationId":"isAlive"', '"operationId":7'));
    expect(mistakesOf(openApiSchema, wrong)).not.toEqual([]);
  });

  it('refers to nothing that is not in it, and to nothing by a name of its own', () => {
    const references = [...objectsIn(document)].flatMap(([path, { $ref }]) => (typeof $ref === 'string' ? [[path, $ref]] : []));
    const missing = references.filter(([, reference = '']) => {
      let value: unknown = document;
      for (const key of reference.split('/').slice(1)) value = Object(value)[key];
      return !reference.startsWith('#/') || value === undefined;
    });
    expect(references.length).toBeGreaterThan(100);
    expect(missing).toEqual([]);
    expect(text).not.toMatch(/"\$(?:id|defs|schema)"/);
  });

  it('names every operation once, and every variable part of a path', () => {
    const ids = Object.values(operations).map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const [path, methods] of Object.entries(Object(document['paths']))) {
      const parts = [...path.matchAll(/\{([^}]*)\}/g)].map(([, name]) => name);
      for (const { parameters = [] } of Object.values(Object(methods)).map(Object)) {
        const named = parameters.filter((one: { in: string }) => one.in === 'path').map(({ name }: { name: string }) => name);
        expect([path, named]).toEqual([path, parts]);
      }
    }
  });

  it('explains every parameter and every field of a body that clients and operators may send', () => {
    const unexplained: string[] = [];
    for (const [path, object] of objectsIn(document['paths'])) {
      if (typeof object['in'] === 'string' && object['description'] === undefined)
        unexplained.push(`${path} ${String(object['name'])}`);
    }
    const { schemas } = Object(document['components']);
    for (const name of [
      'ChatRequest',
      'EmbeddingRequest',
      'ClassifyRequest',
      'RerankRequest',
      'RagQuery',
      'Feedback',
      'CreateKeyBody',
      'RotateKeyBody',
    ]) {
      for (const [field, property] of Object.entries(Object(Object(schemas[name])['properties']))) {
        if (Object(property)['description'] === undefined) unexplained.push(`${name}.${field}`);
      }
    }
    expect(unexplained).toEqual([]);
  });

  it('has every header that the gateway reads or writes', () => {
    const towardsServers: readonly string[] = [headerNames.accessClientId, headerNames.accessClientSecret];
    const missing = Object.values(headerNames).filter((name) => !towardsServers.includes(name) && !text.includes(`"${name}"`));
    expect(missing).toEqual([]);
  });
});

/** Examples of whole answers; those that are shortened by jq are not. */
const examples = [...page.sections].flatMap(([title, { example }]) => {
  if (example === null || example.request.includes('| jq') || example.language !== 'json') return [];
  return [{ title, answer: example.answer }];
});

describe('an example in docs/api.md', () => {
  it.each(examples)('shows of $title what the document says of its answer, and all that is always there', ({ title, answer }) => {
    const value: unknown = JSON.parse(answer.replaceAll('…', ''));
    const isError = isObject(value) && isObject(value['error']);
    const { answers = {} } = operations[title] ?? {};
    const bodies = Object.values(answers).flatMap((one) => one.bodies.flatMap((body) => ('schema' in body ? [body.schema] : [])));
    const schemas = answerSchemas();
    const [schema] = isError ? [schemas.components['ErrorAnswer']] : bodies.map(schemas.of);
    const whole = { ...schema, components: { schemas: schemas.components } };
    expect(mistakesOf(whole, value)).toEqual([]);
  });
});
