/**
 * `npm run keys`: creates, lists, changes, rotates, revokes and deletes API keys of a running gateway, over its admin routes.
 *
 *   npm run keys -- create --name shop --plan pro --requests-per-minute 600 --budget-usd 50 --period month
 */
import { type Answer, adminCaller, type Call } from './admin-call.ts';
import { decimalNumber, readCommandLine, runCommand, UsageError, wholeNumber } from './command-line.ts';
import { recordLines, tableLines } from './key-table.ts';

const help = `Manages API keys of a running gateway.

  npm run keys -- create [--name TEXT] [FIELDS]
  npm run keys -- update ID [--name TEXT] [FIELDS]     only what is given changes; "none" takes a limit away
  npm run keys -- list
  npm run keys -- show ID
  npm run keys -- rotate ID [--grace-seconds N]
  npm run keys -- revoke ID
  npm run keys -- delete ID                            revokes it and forgets it; what it spent stays in the statistics
  npm run keys -- audit

  FIELDS
  --plan NAME                 a plan of routing.admission.plans
  --models a,b                models it may use (all)
  --agents a,b                agent names it may send (any)
  --scopes chat,usage         what it may do: chat, embeddings, classify, rag, documents, feedback, usage (all)
  --requests-per-minute N     --tokens-per-minute N     --max-concurrent N
  --model-limit MODEL:requests-per-minute=N,tokens-per-minute=N,max-concurrent=N     repeatable
  --budget-usd N --period day|month [--when-exhausted refuse|cheap_tier]
  --expires 2027-01-01T00:00:00Z
  --resumable yes|no          its streams can be picked up again without a header (no)
  --answer-cache yes|no       its requests may be answered from the cache, and kept there (yes)
  --log-content yes|no        the request log keeps the texts of its requests and answers, cut and without secrets (no)

  --url U      gateway (http://127.0.0.1:8787)
  --admin K    admin token (ADMIN_TOKEN from the environment, else the one of npm start)
  --json       print the answer as it is
  --help`;

const options = {
  url: { type: 'string', default: 'http://127.0.0.1:8787' },
  admin: { type: 'string', default: process.env['ADMIN_TOKEN'] ?? 'pointsman-local-admin' },
  name: { type: 'string' },
  plan: { type: 'string' },
  models: { type: 'string' },
  agents: { type: 'string' },
  scopes: { type: 'string' },
  'requests-per-minute': { type: 'string' },
  'tokens-per-minute': { type: 'string' },
  'max-concurrent': { type: 'string' },
  'model-limit': { type: 'string', multiple: true },
  'budget-usd': { type: 'string' },
  period: { type: 'string' },
  'when-exhausted': { type: 'string' },
  expires: { type: 'string' },
  resumable: { type: 'string' },
  'answer-cache': { type: 'string' },
  'log-content': { type: 'string' },
  'grace-seconds': { type: 'string' },
  json: { type: 'boolean', default: false },
} as const;

type Values = ReturnType<typeof readCommandLine<typeof options>>['values'];

interface Verb {
  readonly needsId: boolean;
  run(call: Call, id: string, values: Values): Promise<Answer>;
}

/** An option that a verb would not look at is refused: `revoke ID --grace-seconds 3600` would end the key at once. */
function takes(verb: string, option: string): boolean {
  if (['url', 'admin', 'json'].includes(option)) return true;
  return option === 'grace-seconds' ? verb === 'rotate' : verb === 'create' || verb === 'update';
}

function isGiven(values: Values, option: string): boolean {
  return Object.entries(values).some(([name, value]) => name === option && value !== undefined);
}

const keyPath = (id: string): string => `/admin/keys/${encodeURIComponent(id)}`;

const verbs: Readonly<Record<string, Verb>> = {
  create: { needsId: false, run: (call, _, values) => call('POST', '/admin/keys', { name: 'key', ...fieldsOf(values) }) },
  update: { needsId: true, run: (call, id, values) => call('PATCH', keyPath(id), fieldsOf(values)) },
  list: { needsId: false, run: listAll },
  show: { needsId: true, run: (call, id) => call('GET', keyPath(id)) },
  rotate: {
    needsId: true,
    run: (call, id, values) =>
      call('POST', `${keyPath(id)}/rotate`, { grace_seconds: wholeNumber('grace-seconds', values['grace-seconds'] ?? '0') }),
  },
  revoke: { needsId: true, run: (call, id) => call('POST', `${keyPath(id)}/revoke`, {}) },
  delete: { needsId: true, run: (call, id) => call('DELETE', keyPath(id)) },
  audit: { needsId: false, run: (call) => call('GET', '/admin/audit') },
};

/** All pages of the list. */
async function listAll(call: Call): Promise<Answer> {
  const data: unknown[] = [];
  for (let after: string | null = null; ;) {
    const page: Answer = await call('GET', `/admin/keys?limit=500${after === null ? '' : `&after=${encodeURIComponent(after)}`}`);
    if (Array.isArray(page['data'])) data.push(...page['data']);
    if (page['has_more'] !== true || typeof page['last_id'] !== 'string') return { ...page, data };
    after = page['last_id'];
  }
}

/** The body's fields that were given; `none` becomes null. */
function fieldsOf(values: Values): Record<string, unknown> {
  const list = (text: string | undefined): string[] | null | undefined =>
    text === undefined ? undefined : text === 'none' ? null : text.split(',').map((part) => part.trim());
  const count = (option: 'requests-per-minute' | 'tokens-per-minute' | 'max-concurrent'): number | null | undefined => {
    const text = values[option];
    return text === undefined ? undefined : text === 'none' ? null : wholeNumber(option, text, { min: 1 });
  };
  const limits = given({
    requests_per_minute: count('requests-per-minute'),
    tokens_per_minute: count('tokens-per-minute'),
    max_concurrent: count('max-concurrent'),
    models: values['model-limit'] === undefined ? undefined : Object.fromEntries(values['model-limit'].map(modelLimit)),
  });
  return given({
    name: values.name,
    plan: values.plan,
    allowed_models: list(values.models),
    agents: list(values.agents),
    scopes: list(values.scopes),
    limits: Object.keys(limits).length === 0 ? undefined : limits,
    budgets: budgetsOf(values),
    expires_at: values.expires === 'none' ? null : values.expires,
    resumable_streams: yesOrNo('resumable', values.resumable),
    cache: yesOrNo('answer-cache', values['answer-cache']),
    log_content: yesOrNo('log-content', values['log-content']),
  });
}

function given(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function budgetsOf(values: Values): object[] | undefined {
  const { 'budget-usd': limit, period = 'month', 'when-exhausted': whenExhausted } = values;
  if (limit === 'none') return [];
  if (limit === undefined) {
    if (values.period !== undefined || whenExhausted !== undefined)
      throw new UsageError('--period and --when-exhausted belong to a budget: give --budget-usd N too.');
    return undefined;
  }
  oneOf('period', period, ['day', 'month']);
  if (whenExhausted !== undefined) oneOf('when-exhausted', whenExhausted, ['refuse', 'cheap_tier']);
  return [given({ period, limit_usd: decimalNumber('budget-usd', limit), when_exhausted: whenExhausted })];
}

function yesOrNo(option: string, text: string | undefined): boolean | undefined {
  if (text === undefined) return undefined;
  oneOf(option, text, ['yes', 'no']);
  return text === 'yes';
}

function oneOf(option: string, text: string, known: readonly string[]): void {
  if (!known.includes(text)) throw new UsageError(`--${option} ${text}: expected ${known.join(' or ')}.`);
}

/** `large:requests-per-minute=10,max-concurrent=2` */
function modelLimit(text: string): [model: string, limit: Record<string, number>] {
  const at = text.lastIndexOf(':');
  if (at < 1) throw new UsageError(`--model-limit ${text}: expected MODEL:requests-per-minute=N, for example.`);
  return [
    text.slice(0, at),
    Object.fromEntries(
      text
        .slice(at + 1)
        .split(',')
        .map(limitPair),
    ),
  ];
}

const limitNames = ['requests-per-minute', 'tokens-per-minute', 'max-concurrent'];

function limitPair(text: string): [name: string, value: number] {
  const [name = '', value = ''] = text.split('=').map((part) => part.trim());
  if (!limitNames.includes(name)) throw new UsageError(`--model-limit: "${name}" is not one of ${limitNames.join(', ')}.`);
  return [name.replaceAll('-', '_'), wholeNumber('model-limit', value, { min: 1 })];
}

await runCommand(async () => {
  const { values, positionals } = readCommandLine({ name: 'npm run keys', help, options, maxPositionals: 2 });
  const [name, id] = positionals;
  if (name === undefined) throw new UsageError(help);
  const verb = Object.hasOwn(verbs, name) ? verbs[name] : undefined;
  if (verb === undefined) throw new UsageError(`There is no command "${name}"; there are ${Object.keys(verbs).join(', ')}.`);
  if (verb.needsId && id === undefined) throw new UsageError(`${name} needs the id of a key; npm run keys -- list shows them.`);
  if (!verb.needsId && id !== undefined)
    throw new UsageError(`"${id}" is not expected: ${name} takes options only. A name goes behind --name.`);
  const foreign = Object.keys(options).find((option) => isGiven(values, option) && !takes(name, option));
  if (foreign !== undefined) throw new UsageError(`${name} does not take --${foreign}; npm run keys -- --help says what does.`);
  const answer = await verb.run(adminCaller(values.url, values.admin), id ?? '', values);
  if (values.json) console.log(JSON.stringify(answer, null, 2));
  else if (Array.isArray(answer['data'])) for (const line of tableLines(answer['data'])) console.log(line);
  else {
    if (typeof answer['key'] === 'string') console.log(`${answer['key']}\n\nThis is the only time the key is shown.\n`);
    for (const line of recordLines(answer)) console.log(line);
  }
});
