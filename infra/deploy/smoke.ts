/**
 * One request per route against a deployed gateway: does each path answer, and are those for operators closed to everybody else? Costs one
 * short answer of a model; what it makes (a key) it deletes. Nothing that others have is changed.
 */
export interface SmokeRow {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** As the gateway's table has it. */
  readonly route: string;
  /** `made` is a key of its own, `admin` the admin token. */
  readonly as: 'nobody' | 'made' | 'admin';
  /** Status codes that show that the route is there and works. */
  readonly expects: readonly number[];
  readonly body?: unknown;
  readonly query?: string;
}

const chat = { model: 'small', messages: [{ role: 'user', content: 'Say yes.' }], max_tokens: 4 };
/** A body that every route refuses, with the field that is missing: the route is there, and nothing is spent. */
const empty = {};

/** In this order: the key that the middle rows use is made by the first and deleted by the last. `:id` is that key's, where it is one. */
export const smokeRows: readonly SmokeRow[] = [
  { method: 'GET', route: '/livez', as: 'nobody', expects: [200] },
  { method: 'GET', route: '/readyz', as: 'nobody', expects: [200] },
  { method: 'GET', route: '/health', as: 'nobody', expects: [200] },
  { method: 'GET', route: '/dashboard', as: 'nobody', expects: [200] },
  { method: 'GET', route: '/playground', as: 'nobody', expects: [200] },
  { method: 'GET', route: '/usage', as: 'nobody', expects: [200] },
  { method: 'POST', route: '/admin/stats/reset', as: 'nobody', expects: [401], body: empty },
  { method: 'POST', route: '/admin/pods/:id/start', as: 'nobody', expects: [401], body: empty },
  { method: 'POST', route: '/admin/pods/:id/stop', as: 'nobody', expects: [401], body: empty },
  { method: 'GET', route: '/admin/feed', as: 'nobody', expects: [400, 401, 403, 426] },
  {
    method: 'POST',
    route: '/admin/keys',
    as: 'admin',
    expects: [201],
    body: { name: 'smoke test', metadata: { made_by: 'npm run smoke' } },
  },
  { method: 'GET', route: '/admin/keys', as: 'admin', expects: [200], query: 'limit=1' },
  { method: 'GET', route: '/admin/keys/:id', as: 'admin', expects: [200] },
  { method: 'PATCH', route: '/admin/keys/:id', as: 'admin', expects: [200], body: { metadata: {} } },
  { method: 'POST', route: '/v1/chat/completions', as: 'made', expects: [200], body: chat },
  { method: 'POST', route: '/v1/responses', as: 'made', expects: [400], body: empty },
  { method: 'POST', route: '/v1/responses/input_tokens', as: 'made', expects: [200], body: { input: 'Hello!' } },
  { method: 'GET', route: '/v1/responses/:id', as: 'made', expects: [404] },
  { method: 'DELETE', route: '/v1/responses/:id', as: 'made', expects: [404] },
  { method: 'POST', route: '/v1/responses/:id/cancel', as: 'made', expects: [404], body: empty },
  { method: 'GET', route: '/v1/responses/:id/input_items', as: 'made', expects: [404] },
  { method: 'POST', route: '/v1/completions', as: 'made', expects: [400], body: empty },
  { method: 'POST', route: '/v1/messages', as: 'made', expects: [200], body: chat },
  { method: 'POST', route: '/v1/messages/count_tokens', as: 'made', expects: [200], body: chat },
  { method: 'POST', route: '/v1/route', as: 'made', expects: [200], body: { ...chat, model: 'auto' } },
  { method: 'POST', route: '/v1/embeddings', as: 'made', expects: [400], body: empty },
  { method: 'POST', route: '/v1/classify', as: 'made', expects: [400], body: empty },
  { method: 'POST', route: '/v1/rerank', as: 'made', expects: [400], body: empty },
  { method: 'POST', route: '/v1/rag/query', as: 'made', expects: [400, 404], body: empty },
  { method: 'POST', route: '/v1/rag/chat/completions', as: 'made', expects: [400, 404], body: empty },
  { method: 'POST', route: '/v1/rag/documents', as: 'made', expects: [400, 404], body: empty },
  { method: 'GET', route: '/v1/rag/documents', as: 'made', expects: [200, 400, 404] },
  { method: 'GET', route: '/v1/rag/documents/*', as: 'made', expects: [400, 404] },
  { method: 'DELETE', route: '/v1/rag/documents/*', as: 'made', expects: [200, 400, 404] },
  { method: 'POST', route: '/v1/feedback', as: 'made', expects: [400], body: empty },
  { method: 'GET', route: '/v1/streams/:id', as: 'made', expects: [400, 404] },
  { method: 'POST', route: '/v1/streams/:id/cancel', as: 'made', expects: [400, 404], body: empty },
  { method: 'GET', route: '/v1/usage', as: 'made', expects: [200] },
  { method: 'GET', route: '/v1/models', as: 'made', expects: [200] },
  { method: 'GET', route: '/v1/models/*', as: 'made', expects: [200, 404] },
  { method: 'GET', route: '/stats', as: 'admin', expects: [200] },
  { method: 'GET', route: '/stats/series', as: 'admin', expects: [200] },
  { method: 'GET', route: '/metrics', as: 'admin', expects: [200] },
  { method: 'GET', route: '/router/info', as: 'admin', expects: [200] },
  { method: 'GET', route: '/admin/fleet', as: 'admin', expects: [200] },
  { method: 'GET', route: '/admin/pods', as: 'admin', expects: [200] },
  { method: 'GET', route: '/admin/config', as: 'admin', expects: [200] },
  { method: 'PUT', route: '/admin/config', as: 'admin', expects: [200], query: 'dry_run=true', body: empty },
  { method: 'POST', route: '/admin/config', as: 'admin', expects: [200], query: 'dry_run=true', body: empty },
  { method: 'POST', route: '/admin/config/rollback', as: 'admin', expects: [200], query: 'dry_run=true', body: { version: 0 } },
  { method: 'GET', route: '/admin/requests', as: 'admin', expects: [200] },
  { method: 'GET', route: '/admin/requests/:id', as: 'admin', expects: [404] },
  { method: 'POST', route: '/admin/feed/ticket', as: 'admin', expects: [200, 201], body: empty },
  { method: 'GET', route: '/admin/budgets', as: 'admin', expects: [200] },
  { method: 'GET', route: '/admin/audit', as: 'admin', expects: [200] },
  { method: 'POST', route: '/admin/keys/:id/rotate', as: 'admin', expects: [201], body: { grace_seconds: 0 } },
  { method: 'POST', route: '/admin/keys/:id/revoke', as: 'admin', expects: [200], body: empty },
  { method: 'DELETE', route: '/admin/keys/:id', as: 'admin', expects: [200] },
];

export interface SmokeResult {
  readonly row: SmokeRow;
  /** Null where nothing answered. */
  readonly status: number | null;
  readonly problem: string | null;
}

interface Made {
  readonly id: string;
  readonly key: string;
}

/**
 * Without an admin token the rows that need one, or a key, ask as nobody: then 401 is right.
 * @param url the gateway's origin
 */
export async function smoke(url: string, adminToken: string | null): Promise<SmokeResult[]> {
  const made: Made[] = [];
  const results: SmokeResult[] = [];
  for (const row of smokeRows) results.push(await send(url.replace(/\/+$/, ''), row, adminToken, made));
  // The key that took the place of the first one at its rotation.
  const [, second] = made;
  if (second !== undefined)
    await ask(`${url}/admin/keys/${second.id}`, { method: 'DELETE', headers: { authorization: `Bearer ${adminToken}` } });
  return results;
}

async function send(url: string, row: SmokeRow, adminToken: string | null, made: Made[]): Promise<SmokeResult> {
  const [key] = made;
  const token = row.as === 'admin' ? adminToken : row.as === 'made' ? (key?.key ?? null) : null;
  const isTurnedAway = row.as !== 'nobody' && token === null;
  const path = row.route
    .replace(':id', key !== undefined && row.route.startsWith('/admin/keys') ? key.id : 'smoke')
    .replace('*', 'smoke');
  const answer = await ask(`${url}${path}${row.query === undefined ? '' : `?${row.query}`}`, {
    method: row.method,
    headers: {
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(row.body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(row.body === undefined ? {} : { body: JSON.stringify(row.body) }),
  });
  if (answer === null) return { row, status: null, problem: 'nothing answered within 60 s' };
  if (answer.status === 201) made.push(...madeIn(answer.text));
  const expected = isTurnedAway ? [401] : row.expects;
  if (!expected.includes(answer.status))
    return { row, status: answer.status, problem: `expected ${expected.join(' or ')}: ${answer.text.slice(0, 200)}` };
  return {
    row,
    status: answer.status,
    problem: answer.hasId ? null : 'the answer has no x-request-id: it is not from the gateway',
  };
}

function madeIn(text: string): Made[] {
  const { id, key } = Object(JSON.parse(text));
  return typeof id === 'string' && typeof key === 'string' ? [{ id, key }] : [];
}

async function ask(url: string, init: RequestInit): Promise<{ status: number; text: string; hasId: boolean } | null> {
  try {
    const response = await fetch(url, { ...init, redirect: 'manual', signal: AbortSignal.timeout(60_000) });
    return { status: response.status, text: await response.text(), hasId: response.headers.has('x-request-id') };
  } catch {
    return null;
  }
}

/** One line for each route that is not as it should be, and the count. */
export function smokeLines(results: readonly SmokeResult[]): string[] {
  const bad = results.filter(({ problem }) => problem !== null);
  const lines = bad.map(({ row, status, problem }) => `✗ ${row.method} ${row.route}: ${status ?? 'no answer'}, ${problem}`);
  return [...lines, `${results.length - bad.length} of ${results.length} routes answer as they should.`];
}
