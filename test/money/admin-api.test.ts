/** The operators' API as it is documented: one naming for questions and answers, and every example of docs/operations.md works. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { adminToken } from '../../infra/rig/connect.ts';
import { repoFolder } from '../../infra/wrangler.ts';
import { type MadeKey, type MoneyLab, openLab } from './money-lab.ts';

const exampleUrl = 'https://gateway.example.com';
const guide = readFileSync(join(repoFolder, 'docs/operations.md'), 'utf8');
let lab: MoneyLab;

beforeAll(async () => {
  lab = await openLab();
});

afterAll(() => lab.stop());

interface Ran {
  readonly code: number | null;
  readonly output: string;
}

/** Not `spawnSync`: the model servers live in this process. */
function run(file: string, args: readonly string[]): Promise<Ran> {
  const child = spawn(process.execPath, [join(repoFolder, file), ...args], {
    env: { ...process.env, ADMIN_TOKEN: adminToken },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => void (output += chunk.toString()));
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, output })));
}

describe('answers', () => {
  const body = {
    name: 'naming',
    scopes: ['chat'],
    allowed_models: ['qwen2.5-7b'],
    agents: ['planner'],
    plan: 'default',
    limits: {
      requests_per_minute: 60,
      tokens_per_minute: 90_000,
      max_concurrent: 4,
      models: { 'qwen2.5-32b': { requests_per_minute: 6, tokens_per_minute: 9000, max_concurrent: 1 } },
    },
    budgets: [
      { period: 'day', limit_usd: 0.29, when_exhausted: 'refuse' },
      { agent: 'planner', period: 'month', limit_usd: 5, when_exhausted: 'cheap_tier' },
    ],
    expires_at: '2090-12-01T00:00:00.000Z',
    metadata: { team: 'a' },
    cache: false,
    resumable_streams: true,
    log_content: true,
  };

  test('to a new key repeat the body in its own words', async () => {
    const made = await (await lab.admin('POST', '/admin/keys', body)).json();
    expect(made).toEqual({
      ...body,
      key: expect.stringMatching(/^pm_dev_/),
      id: expect.stringMatching(/^key_/),
      tenant_id: (made as MadeKey).id,
      prefix: expect.stringMatching(/^[0-9A-Za-z]{8}$/),
      created_at: expect.stringMatching(/^20.*Z$/),
      revoked_at: null,
      rotated_from: null,
    });
  });

  test('are in snake_case on every operators’ path', async () => {
    const { id, key } = await lab.makeKey(body);
    await (await lab.ask(key, { headers: { 'x-agent-name': 'planner' } })).text();
    await lab.booked(id, 1);
    const asked = [
      ['POST', `/admin/keys/${id}/rotate`],
      ['POST', `/admin/keys/${id}/revoke`],
      ['GET', '/admin/keys'],
      ['GET', '/admin/audit'],
      ['GET', '/stats'],
      ['GET', '/router/info'],
      ['GET', '/health'],
      ['POST', '/admin/stats/reset'],
    ] as const;
    const found: string[] = [];
    for (const [method, path] of asked) {
      const response = await lab.admin(method, path, method === 'POST' ? {} : undefined);
      const text = await response.text();
      expect([path, response.ok]).toEqual([path, true]);
      found.push(...[...text.matchAll(/"[a-z]+[A-Z]\w*":/g)].map(([name]) => `${path} ${name}`));
    }
    expect(found).toEqual([]);
  });

  test('of the audit log say when, who, what and whom', async () => {
    const { id } = await lab.makeKey();
    const { data } = (await (await lab.admin('GET', '/admin/audit')).json()) as { data: object[] };
    expect(data[0]).toEqual({ at: expect.stringMatching(/^20.*Z$/), actor: 'token', action: 'key.create', subject: id });
  });
});

describe('the examples of docs/operations.md', () => {
  const commands = [...guide.matchAll(/^npm run keys -- (.*)$/gm)].map(([, args = '']) => args.trim().split(/\s+/));

  test('are there', () => {
    expect(commands.map(([command]) => command)).toEqual(['create', 'list', 'rotate', 'revoke', 'audit']);
  });

  test.each(commands.map((args) => [args.join(' '), args] as const))('npm run keys -- %s', async (_, args) => {
    const { id } = await lab.makeKey();
    const own = args.map((arg) => (arg === exampleUrl ? lab.url : arg === 'key_…' ? id : arg));
    const { code, output } = await run('infra/keys.ts', own);
    expect([code, output]).toEqual([0, expect.stringContaining(args[0] === 'create' ? 'shop' : id)]);
    const raw = await run('infra/keys.ts', [...own, '--json']);
    // A key that was rotated or revoked stays so.
    if (args[0] !== 'rotate') expect(Object.keys(JSON.parse(raw.output))).not.toHaveLength(0);
  });

  test('every option of the command line is one of the API', async () => {
    const options =
      '--name all --plan default --models qwen2.5-7b --agents a,b --scopes chat,usage --requests-per-minute 5 --tokens-per-minute 6 ' +
      '--max-concurrent 7 --model-limit large:requests-per-minute=2,max-concurrent=1 --model-limit qwen2.5-7b:tokens-per-minute=3 ' +
      '--budget-usd 8 --period day --when-exhausted cheap_tier --expires 2090-01-01T00:00:00Z ' +
      '--resumable yes --answer-cache no --log-content yes';
    const { output } = await run('infra/keys.ts', ['create', '--url', lab.url, '--json', ...options.split(' ')]);
    expect(JSON.parse(output)).toMatchObject({
      name: 'all',
      plan: 'default',
      allowed_models: ['qwen2.5-7b'],
      agents: ['a', 'b'],
      scopes: ['chat', 'usage'],
      limits: {
        requests_per_minute: 5,
        tokens_per_minute: 6,
        max_concurrent: 7,
        models: {
          'qwen2.5-32b': { requests_per_minute: 2, tokens_per_minute: null, max_concurrent: 1 },
          'qwen2.5-7b': { requests_per_minute: null, tokens_per_minute: 3, max_concurrent: null },
        },
      },
      budgets: [{ period: 'day', limit_usd: 8, when_exhausted: 'cheap_tier' }],
      expires_at: '2090-01-01T00:00:00.000Z',
      resumable_streams: true,
      cache: false,
      log_content: true,
    });
  });

  test.each([
    ['revoke', ['revoke', 'key_1', '--grace-seconds', '3600'], '--grace-seconds'],
    ['create', ['create', '--name', 'a', '--grace-seconds', '3600'], '--grace-seconds'],
    ['rotate', ['rotate', 'key_1', '--budget-usd', '5'], '--budget-usd'],
    ['list', ['list', '--name', 'shop'], '--name'],
  ])('an option that %s does not look at is refused', async (verb, args, option) => {
    const { code, output } = await run('infra/keys.ts', [...args, '--url', lab.url]);
    expect([code, output]).toEqual([2, expect.stringContaining(`${verb} does not take ${option}`)]);
  });

  test('the key with budgets for its agents', async () => {
    const [, text = ''] = /-d '(\{[^']*\})'/.exec(guide) ?? [];
    const asked = JSON.parse(text) as { agents: string[]; budgets: object[] };
    const response = await lab.admin('POST', '/admin/keys', asked);
    const made = (await response.json()) as MadeKey & typeof asked;
    expect([response.status, made.agents]).toEqual([201, asked.agents]);
    expect(made.budgets).toMatchObject(asked.budgets);
  });

  test('the statistics, read and reset', async () => {
    const paths = [
      ...guide.matchAll(/^curl -s (-X POST )?https:\/\/gateway\.example\.com(\S+) -H "authorization: Bearer \$ADMIN_TOKEN"$/gm),
    ];
    expect(paths.map(([, post, path]) => [post !== undefined, path])).toEqual([
      [false, '/stats'],
      [true, '/admin/stats/reset'],
    ]);
    for (const [, post, path = ''] of paths) {
      const headers = { authorization: `Bearer ${adminToken}` };
      expect((await fetch(lab.url + path, { method: post === undefined ? 'GET' : 'POST', headers })).status).toBe(200);
    }
  });
});
