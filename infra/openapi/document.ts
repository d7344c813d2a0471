/**
 * The OpenAPI document of the whole surface. Bodies are those that the schemas of `shared/` let through; texts, errors and who may use a
 * path those of docs/api.md; what is answered stands in `answers/`, and the compiler holds it against the types that the gateway writes. A test
 * compares the paths with the table in `worker/app.ts`. (It is not imported here: the whole Worker would be loaded at each build.)
 */
import * as chatBodies from '../../shared/chat.ts';
import { type ErrorCode, errors } from '../../shared/errors.ts';
import { headerNames } from '../../shared/headers.ts';
import * as keyBodies from '../../shared/key-bodies.ts';
import { RollbackBody } from '../../shared/config-bodies.ts';
import { DocumentBody } from '../../shared/rag-bodies.ts';
import { editorSchemas } from '../config/schemas.ts';
import { readRepoFile } from '../graph/source-files.ts';
import * as chatAnswers from './answers/chat.ts';
import * as deploymentAnswers from './answers/deployment.ts';
import * as documentAnswers from './answers/documents.ts';
import * as keyAnswers from './answers/keys.ts';
import * as messageAnswers from './answers/messages.ts';
import * as poolingAnswers from './answers/pooling.ts';
import * as responseAnswers from './answers/responses.ts';
import * as statisticsAnswers from './answers/statistics.ts';
import { ErrorAnswer, PoolingRouting, Routing } from './answers/values.ts';
import { type ApiPage, firstSentence, type PageSection, readApiPage } from './api-page.ts';
import * as ownBodies from './bodies.ts';
import { clientOperations } from './client-operations.ts';
import { explained, type JsonSchema, namedSchemas, opened, referenceTo } from './json-schemas.ts';
import { type Answer, type Operation, type Operations, type Schema, tags } from './operation.ts';
import { operatorOperations } from './operator-operations.ts';
import { securityOf, securitySchemes } from './security.ts';

export const operations: Operations = { ...clientOperations, ...operatorOperations };

/** A path that is served, and who may use it. */
export interface Served {
  readonly method: string;
  /** As in the table of paths: `/admin/keys/:id`. */
  readonly path: string;
  readonly access: string;
}

/** One sentence for each path that is served and not described, or the reverse; empty when there is none. */
export function undescribed(served: readonly Served[], described: Operations, { sections }: ApiPage): string[] {
  const titles = served.map(({ method, path }) => `${method} ${path}`);
  return [
    ...titles
      .filter((title) => !Object.hasOwn(described, title))
      .map(
        (title) =>
          `route ${title} is mounted but not described: add a row to infra/openapi/client-operations.ts or operator-operations.ts, and its answer to infra/openapi/answers/.`,
      ),
    ...titles
      .filter((title) => !sections.has(title))
      .map((title) => `route ${title} is mounted but has no section in docs/api.md: add one, in the form of its neighbours.`),
    ...Object.keys(described)
      .filter((title) => !titles.includes(title))
      .map((title) => `${title} is described in infra/openapi/ but not mounted: take its row away.`),
  ];
}

/** @throws Error for a described path without a section in docs/api.md */
export function openApiDocument(): JsonSchema {
  const page = readApiPage();
  const schemas = documentSchemas(page);
  const paths: Record<string, Record<string, unknown>> = {};
  for (const [title, operation] of Object.entries(operations)) {
    const section = page.sections.get(title);
    if (section === undefined) throw new Error(`${title} has no section in docs/api.md: add one, in the form of its neighbours.`);
    const route = servedAs(title, section);
    const methods = (paths[templateOf(route.path, operation)] ??= {});
    methods[route.method.toLowerCase()] = operationObject(route, operation, section, page, schemas);
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Pointsman',
      version: String(Object(JSON.parse(readRepoFile('package.json')))['version']),
      summary: 'OpenAI-compatible inference gateway on Cloudflare Workers',
      description: introduction,
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/', description: 'The gateway that serves this document' }],
    tags: Object.entries(tags).map(([name, description]) => ({ name, description })),
    paths,
    components: { securitySchemes, headers: answerHeaders(page), schemas: schemas.components },
  };
}

function servedAs(title: string, { access }: PageSection): Served {
  const [method = '', path = ''] = title.split(' ');
  return { method, path, access };
}

const introduction = `Clients of OpenAI's API need the base URL \`/v1\` and a key. Answers may have further keys in later versions. A field that is null counts as not set. Every error
has the same body, with a code of which \`x-should-retry\` says whether the same request may succeed later; a stream that breaks ends with that body as an event, and without \`[DONE]\`.`;

interface DocumentSchemas {
  readonly components: Readonly<Record<string, JsonSchema>>;
  input(schema: Schema): JsonSchema;
  output(schema: Schema): JsonSchema;
}

const isSchema = (value: unknown): value is Schema => typeof value === 'object' && value !== null && '_zod' in value;

function schemasIn(...modules: readonly object[]): Record<string, Schema> {
  const all = modules.flatMap((module): [string, unknown][] => Object.entries(module));
  return Object.fromEntries(all.filter((entry): entry is [string, Schema] => isSchema(entry[1])));
}

/** Answers by name, with objects that have no further keys: what the fuzzing run holds answers against. */
export function answerSchemas() {
  const named = schemasIn(
    { ErrorAnswer, Routing, PoolingRouting },
    chatAnswers,
    responseAnswers,
    messageAnswers,
    poolingAnswers,
    documentAnswers,
    deploymentAnswers,
    statisticsAnswers,
    keyAnswers,
  );
  return namedSchemas(named, 'output');
}

function documentSchemas(page: ApiPage): DocumentSchemas {
  const inputs = namedSchemas(schemasIn(chatBodies, keyBodies, ownBodies, { RollbackBody, DocumentBody }), 'input');
  const outputs = answerSchemas();
  const meanings = new Map<string, Map<string, string>>();
  for (const [title, operation] of Object.entries(operations)) {
    const own = page.sections.get(title)?.meanings ?? new Map<string, string>();
    const used = [
      ...(operation.body === undefined ? [] : [inputs.of(operation.body)]),
      ...bodiesOf(operation).map((schema) => outputs.of(schema)),
    ];
    for (const { $ref: name } of used) {
      if (typeof name === 'string') meanings.set(name, new Map([...own, ...(meanings.get(name) ?? [])]));
    }
  }
  const chat = page.sections.get('POST /v1/chat/completions')?.meanings ?? new Map<string, string>();
  const explain = ([name, schema]: [string, JsonSchema]): [string, JsonSchema] => {
    const own = meanings.get(referenceTo(name)) ?? new Map<string, string>();
    return [name, explained(schema, name === 'RagQuery' ? new Map([...chat, ...own]) : own)];
  };
  const shown = Object.entries({ ...inputs.components, ...(opened(outputs.components) as Record<string, JsonSchema>) });
  const { $schema: _schema, ...configPatch } = editorSchemas()['profile.schema.json'] ?? {};
  return {
    components: { ...Object.fromEntries(shown.map(explain)), ConfigPatch: configPatch },
    input: inputs.of,
    output: outputs.of,
  };
}

function bodiesOf({ answers }: Operation): Schema[] {
  const bodies = Object.values(answers).flatMap((answer) => answer.bodies);
  return bodies.flatMap((body) => ('schema' in body ? [body.schema] : []));
}

/** `/admin/keys/:id` → `/admin/keys/{id}`. */
export function templateOf(path: string, { path: names = {} }: Operation): string {
  const left = Object.keys(names);
  return path.replaceAll(/:[a-z]+|\*/g, () => `{${left.shift() ?? ''}}`);
}

/** What every error of this path may be, those of all paths included. */
export function codesOf({ access }: Served, { body }: Operation, { codes }: PageSection, { common }: ApiPage): ErrorCode[] {
  const isForOperators = access === 'admin' || access === 'metrics';
  const isForKeys = !isForOperators && access !== 'open' && access !== 'ticket';
  const always = (common.get('all paths') ?? []).filter((code) => code !== 'not_found' && code !== 'method_not_allowed');
  return [
    ...new Set([
      ...(access === 'open' ? always.filter((code) => code !== 'state_unavailable') : always),
      ...(isForKeys ? (common.get('paths for keys') ?? []) : []),
      ...(isForOperators ? (common.get('paths for operators') ?? []) : []),
      ...(body === undefined ? [] : (common.get('paths with a body') ?? [])),
      ...codes,
    ]),
  ];
}

function operationObject(
  route: Served,
  operation: Operation,
  section: PageSection,
  page: ApiPage,
  schemas: DocumentSchemas,
): JsonSchema {
  const { id, tag, body, isBodyOptional = false } = operation;
  const codes = codesOf(route, operation, section, page);
  const parameters = parametersOf(operation, section, page, schemas);
  const summary = firstSentence(section.text);
  return {
    operationId: id,
    tags: [tag],
    summary: summary.length > 120 ? `${summary.slice(0, 119)}…` : summary,
    description: section.text,
    security: securityOf(route.access),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined
      ? {}
      : { requestBody: { required: !isBodyOptional, content: { 'application/json': { schema: schemas.input(body) } } } }),
    responses: {
      ...Object.fromEntries(
        Object.entries(operation.answers).map(([status, answer]) => [status, answerObject(answer, operation, route, schemas)]),
      ),
      ...errorAnswers(codes, route, operation, schemas),
    },
  };
}

function parametersOf(operation: Operation, { meanings }: PageSection, page: ApiPage, schemas: DocumentSchemas): JsonSchema[] {
  const { path = {}, query = {}, requires = [], headers = [] } = operation;
  const described = (name: string, text: string | undefined): object => (text === undefined ? {} : { description: text });
  return [
    ...Object.entries(path).map(([name, schema]) => {
      return { name, in: 'path', required: true, ...described(name, meanings.get(name)), schema: schemas.input(schema) };
    }),
    ...Object.entries(query).map(([name, schema]) => {
      const required = requires.includes(name);
      return { name, in: 'query', required, ...described(name, meanings.get(name)), schema: schemas.input(schema) };
    }),
    ...headers.map((header) => {
      const name = headerNames[header];
      return {
        name,
        in: 'header',
        required: false,
        ...described(name, page.requestHeaders.get(name)),
        schema: { type: 'string' },
      };
    }),
  ];
}

const ofAllAnswers = [headerNames.requestId];
const ofKeys = ['limit', 'remaining', 'reset'].flatMap((what) => [`x-ratelimit-${what}-requests`, `x-ratelimit-${what}-tokens`]);
const ofRouted = [headerNames.routingMetadata, headerNames.cache, headerNames.age];

function answerHeaders({ answerHeaders: meanings }: ApiPage): JsonSchema {
  return Object.fromEntries([...meanings].map(([name, description]) => [name, { description, schema: { type: 'string' } }]));
}

function headersOf(names: readonly string[]): JsonSchema {
  return { headers: Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }])) };
}

const hasKey = ({ access }: Served): boolean => !['open', 'ticket', 'admin', 'metrics'].includes(access);

function answerObject(
  { description, bodies }: Answer,
  operation: Operation,
  route: Served,
  schemas: DocumentSchemas,
): JsonSchema {
  const isStream = bodies.some(({ media }) => media === 'text/event-stream');
  const content = bodies.map((body): [string, JsonSchema] => {
    if ('schema' in body) return [body.media, { schema: schemas.output(body.schema) }];
    if ('events' in body) {
      const { end } = body;
      const last = end === undefined ? 'then `data: [DONE]`' : `the last of type \`${end}\``;
      const text = `Server-sent events: \`data:\` lines with a chunk each, ${last}, or an error as the last one.`;
      const own = { 'x-event-schema': schemas.output(body.events), ...(end === undefined ? {} : { 'x-last-event': end }) };
      return [body.media, { schema: { type: 'string', description: text }, ...own }];
    }
    return [body.media, { schema: { type: 'string' } }];
  });
  const names = [
    ...(route.path === '/openapi.json' ? [] : ofAllAnswers),
    ...(hasKey(route) ? ofKeys : []),
    ...(operation.isRouted === true ? ofRouted : []),
    ...(isStream && operation.isRouted === true ? [headerNames.streamId, headerNames.idempotentReplayed] : []),
  ];
  return { description, ...headersOf(names), ...(content.length === 0 ? {} : { content: Object.fromEntries(content) }) };
}

/** By status, each with the codes that it may have. */
function errorAnswers(codes: readonly ErrorCode[], route: Served, { error }: Operation, schemas: DocumentSchemas): JsonSchema {
  const statuses = [...new Set(codes.map((code) => errors[code].status))].toSorted((a, b) => a - b);
  return Object.fromEntries(
    statuses.map((status) => {
      const own = codes.filter((code) => errors[code].status === status);
      const names = [
        ...ofAllAnswers,
        headerNames.shouldRetry,
        ...(status === 429 || status === 503 ? [headerNames.retryAfter] : []),
        ...(status === 429 && hasKey(route) ? ofKeys : []),
      ];
      const code = { enum: own };
      const place = error === undefined ? { code } : { details: { properties: { error_code: code } } };
      const codeIsOwn = { properties: { error: { properties: place } } };
      const envelope = error === undefined ? { $ref: referenceTo('ErrorAnswer') } : schemas.output(error);
      return [
        String(status),
        {
          description: own.map((code) => `\`${code}\``).join(', '),
          ...headersOf(names),
          content: { 'application/json': { schema: { allOf: [envelope, codeIsOwn] } } },
        },
      ];
    }),
  );
}
