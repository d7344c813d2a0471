/**
 * `npm run keys`: makes, lists, rotates and revokes API keys of a running gateway, over its admin routes.
 *
 *   npm run keys -- create --name shop --plan pro --requests-per-minute 600 --budget-usd 50 --period month
 */
import { parseArgs } from 'node:util';

const help = `Manages API keys of a running gateway.

  npm run keys -- create [--name TEXT] [--plan NAME] [--models a,b] [--agents a,b] [--scopes chat,usage]
                         [--requests-per-minute N] [--tokens-per-minute N] [--max-concurrent N]
                         [--model-limit MODEL:requests-per-minute=N,tokens-per-minute=N,max-concurrent=N]...
                         [--budget-usd N --period day|month [--when-exhausted refuse|cheap_tier]]
                         [--expires 2027-01-01T00:00:00Z]
  npm run keys -- list
  npm run keys -- rotate ID [--grace-seconds N]
  npm run keys -- revoke ID
  npm run keys -- audit

  --url U      gateway (http://127.0.0.1:8787)
  --admin K    admin token (ADMIN_TOKEN from the environment, else the one of npm start)
  --json       print the answer as it is
  --help`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    url: { type: 'string', default: 'http://127.0.0.1:8787' },
    admin: { type: 'string', default: process.env['ADMIN_TOKEN'] ?? 'pointsman-local-admin' },
    name: { type: 'string', default: 'key' },
    plan: { type: 'string' },
    models: { type: 'string' },
    agents: { type: 'string' },
    scopes: { type: 'string' },
    'requests-per-minute': { type: 'string' },
    'tokens-per-minute': { type: 'string' },
    'max-concurrent': { type: 'string' },
    'model-limit': { type: 'string', multiple: true, default: [] },
    'budget-usd': { type: 'string' },
    period: { type: 'string', default: 'month' },
    'when-exhausted': { type: 'string' },
    expires: { type: 'string' },
    'grace-seconds': { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
const [command, id] = positionals;

function list(text: string | undefined): string[] | undefined {
  return text?.split(',').map((part) => part.trim());
}

function count(text: string | undefined): number | null {
  return text === undefined ? null : Number(text);
}

/** `large:requests-per-minute=10,max-concurrent=2`; the gateway knows which names there are. */
function modelLimit(text: string): [model: string, limit: Record<string, number>] {
  const at = text.lastIndexOf(':');
  if (at < 1) throw new Error(`--model-limit ${text}: expected MODEL:requests-per-minute=N, for example.`);
  const limits = text.slice(at + 1).split(',');
  return [text.slice(0, at), Object.fromEntries(limits.map(limitPair))];
}

function limitPair(text: string): [name: string, value: number] {
  const [name = '', value] = text.split('=');
  return [name.trim().replaceAll('-', '_'), Number(value)];
}

function createBody(): Record<string, unknown> {
  const budget = {
    period: values.period,
    limit_usd: Number(values['budget-usd']),
    ...(values['when-exhausted'] === undefined ? {} : { when_exhausted: values['when-exhausted'] }),
  };
  return Object.fromEntries(
    Object.entries({
      name: values.name,
      plan: values.plan,
      allowed_models: list(values.models),
      agents: list(values.agents),
      scopes: list(values.scopes),
      limits: {
        requests_per_minute: count(values['requests-per-minute']),
        tokens_per_minute: count(values['tokens-per-minute']),
        max_concurrent: count(values['max-concurrent']),
        models: Object.fromEntries(values['model-limit'].map(modelLimit)),
      },
      budgets: values['budget-usd'] === undefined ? undefined : [budget],
      expires_at: values.expires,
    }).filter(([, value]) => value !== undefined),
  );
}

async function call(method: 'GET' | 'POST', path: string, body?: Record<string, unknown>): Promise<Record<string, unknown>> {
  const response = await fetch(values.url + path, {
    method,
    headers: { authorization: `Bearer ${values.admin}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  }).catch(() => {
    throw new Error(`No gateway answers at ${values.url}. Start one with npm start, or name another with --url.`);
  });
  const answer: Record<string, unknown> = JSON.parse(await response.text());
  if (response.ok) return answer;
  const { error } = answer;
  const message =
    typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : `HTTP ${response.status}`;
  throw new Error(message);
}

function run(): Promise<Record<string, unknown>> {
  if (command === 'create') return call('POST', '/admin/keys', createBody());
  if (command === 'list') return call('GET', '/admin/keys');
  if (command === 'audit') return call('GET', '/admin/audit');
  if (id === undefined) throw new Error(`${command} needs the id of a key; npm run keys -- list shows them.`);
  const path = `/admin/keys/${encodeURIComponent(id)}/${command}`;
  if (command === 'rotate') return call('POST', path, { grace_seconds: Number(values['grace-seconds'] ?? 0) });
  if (command === 'revoke') return call('POST', path, {});
  throw new Error(`There is no command "${command}".\n\n${help}`);
}

if (values.help || command === undefined) {
  console.log(help);
  process.exit(values.help ? 0 : 2);
}
try {
  const answer = await run();
  if (values.json) console.log(JSON.stringify(answer, null, 2));
  else if (Array.isArray(answer['data'])) console.table(answer['data'].map(flat));
  else {
    if (typeof answer['key'] === 'string') console.log(`${answer['key']}\n\nThis is the only time the key is shown.\n`);
    console.table(flat(answer));
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}

/** One line per record: nested values as JSON, the key itself left out. */
function flat(record: unknown): Record<string, unknown> {
  if (typeof record !== 'object' || record === null) return {};
  const entries = Object.entries(record).filter(([name, value]) => name !== 'key' && value !== null);
  return Object.fromEntries(entries.map(([name, value]) => [name, typeof value === 'object' ? JSON.stringify(value) : value]));
}
