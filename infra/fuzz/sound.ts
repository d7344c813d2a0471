/**
 * Bodies that have to be accepted: what JSON Schema cannot say is made true of a body that was made from it. Each line is a rule of the
 * page of its path: names of models that there are, fields that need each other, sizes that operators set.
 */

interface Sendable {
  readonly path: Record<string, string>;
  readonly query: Record<string, string>;
  body: unknown;
}

type Body = Record<string, unknown>;

const question = { role: 'user', content: 'How does a tunnel work?' };

/** The fields whose values a schema describes well enough to be sent as they come. */
const plainChatFields = [
  'temperature',
  'top_p',
  'presence_penalty',
  'frequency_penalty',
  'seed',
  'stream',
  'user',
  'max_tokens',
  'parallel_tool_calls',
  'min_p',
  'top_k',
] as const;

function kept(body: Body, names: readonly string[]): Body {
  return Object.fromEntries(Object.entries(body).filter(([name]) => names.includes(name)));
}

function chat(body: Body): Body {
  return { ...kept(body, plainChatFields), messages: [question] };
}

function messages(body: Body): Body {
  return { ...kept(body, ['temperature', 'top_k', 'stream']), max_tokens: 64, messages: [question] };
}

function response({ temperature, top_p, stream, user, store, parallel_tool_calls, max_output_tokens, truncation }: Body): Body {
  return defined({
    temperature,
    top_p,
    stream,
    user,
    store,
    parallel_tool_calls,
    max_output_tokens,
    truncation,
    input: question.content,
  });
}

function rag(body: Body): Body {
  const { top_k: _topK, ...fields } = chat(body);
  const { parallel_tool_calls: _parallel, ...allowed } = fields;
  return { ...allowed, query: 'How does a tunnel work?', collection: 'default' };
}

function pooled(names: readonly string[], fixed: Body): (body: Body) => Body {
  return (body) => ({ ...kept(body, names), ...fixed });
}

const bodies: Readonly<Record<string, (body: Body) => Body>> = {
  'POST /v1/chat/completions': chat,
  'POST /v1/responses': response,
  'POST /v1/responses/input_tokens': response,
  'POST /v1/completions': (body) => ({
    ...kept(
      body,
      plainChatFields.filter((name) => name !== 'parallel_tool_calls'),
    ),
    prompt: 'Once',
  }),
  'POST /v1/messages': messages,
  'POST /v1/messages/count_tokens': messages,
  'POST /v1/route': chat,
  'POST /v1/rag/query': rag,
  'POST /v1/rag/chat/completions': rag,
  'POST /v1/rag/documents': () => ({ id: 'fuzz', text: 'A tunnel carries requests from the edge to the box.' }),
  'POST /v1/embeddings': pooled(['encoding_format', 'user'], { input: ['a', 'b'] }),
  'POST /v1/classify': pooled(['user'], { input: 'a text', candidate_labels: ['one', 'another'] }),
  'POST /v1/rerank': pooled(['top_n', 'return_documents', 'user'], { query: 'a', documents: ['a', { text: 'b' }] }),
  'POST /admin/keys': ({ name, budgets, scopes, metadata, cache, log_content, resumable_streams }) =>
    defined({ name, budgets, scopes, metadata, cache, log_content, resumable_streams }),
  'PATCH /admin/keys/:id': ({ name, scopes, metadata, cache, log_content }) =>
    defined({ name, scopes, metadata, cache, log_content }),
  'PUT /admin/config': () => ({ limits: { default_completion_tokens: 2048 } }),
  'POST /admin/config': () => ({ routing: { classifier: { threshold: 0.7 } } }),
  'POST /admin/config/rollback': () => ({ version: 0 }),
};

function defined(body: Body): Body {
  return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
}

export function sound(title: string, parts: Sendable): void {
  const make = Object.hasOwn(bodies, title) ? bodies[title] : undefined;
  if (make !== undefined) parts.body = make(Object(parts.body ?? {}));
  const { query } = parts;
  // Pages begin where another one ended, streams go on behind an event that there is, versions are the newest, days end after they begin.
  for (const name of ['before', 'after', 'version', 'to']) delete query[name];
}
