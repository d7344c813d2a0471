/** The configuration changed while the gateway runs: what is taken, what is refused, who hears of it and when, and the way back. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../../infra/rig/waiting.ts';
import type { ConfigVersion } from '../../worker/objects/config-store.ts';
import { adminToken } from '../../infra/rig/connect.ts';
import { repoFolder } from '../../infra/wrangler.ts';
import { codeOf, type MadeKey, type MoneyLab, openLab } from './money-lab.ts';

let lab: MoneyLab;
let key: MadeKey;
let now = 0;

beforeAll(async () => {
  lab = await openLab();
  key = await lab.makeKey();
});

afterAll(() => lab.stop());

async function pass(ms: number): Promise<void> {
  now += ms;
  await lab.clock(now);
}

interface Page {
  readonly version: number;
  readonly overrides: object;
  readonly effective: { readonly limits: { readonly max_tools: number }; readonly routing: { readonly aliases: object } };
  readonly mistakes: readonly string[];
  readonly versions: readonly { version: number; actor: string; action: string; note: string | null; overrides: object }[];
}
interface Changed {
  readonly version: number;
  readonly dry_run: boolean;
  readonly changes: readonly { path: string; from: unknown; to: unknown }[];
}

const page = async (): Promise<Page> => (await (await lab.admin('GET', '/admin/config')).json()) as Page;
const changed = async (answer: Response): Promise<Changed> => {
  const text = await answer.text();
  expect([answer.status, text]).toEqual([200, expect.any(String)]);
  return JSON.parse(text) as Changed;
};
const set = (patch: object, query = ''): Promise<Response> => lab.admin('PUT', `/admin/config${query}`, patch);
const add = (patch: object, query = ''): Promise<Response> => lab.admin('POST', `/admin/config${query}`, patch);
const rollback = (version: unknown): Promise<Response> => lab.admin('POST', '/admin/config/rollback', { version });
const askBy = async (model: string): Promise<number> => {
  const answer = await lab.ask(key.key, { body: { model } });
  await answer.text();
  return answer.status;
};
const alias = (name: string, target: string | null = 'small'): object => ({ routing: { aliases: { [name]: target } } });
const info = async (): Promise<{ config: { version: number; in_force: boolean; actor: string | null } }> =>
  (await (await lab.get('/router/info')).json()) as never;

/** The next version, stored as another isolate would store it: past the memory of the one under test. */
async function setElsewhere(overrides: object): Promise<number> {
  const { version } = await page();
  const next: ConfigVersion = {
    version: version + 1,
    atMs: Date.now() + now,
    actor: 'elsewhere',
    action: 'set',
    note: null,
    overrides: { ...overrides },
  };
  const line = { atMs: next.atMs, actor: 'elsewhere', action: 'config.set', subject: 'test' };
  expect(await lab.object('KEYS', 'keys', { do: 'call', method: 'addConfig', args: [next, line] })).toBe(true);
  return next.version;
}

describe('a change that fits', () => {
  test('is in force at once where it was made, with who did it and what differs', async () => {
    expect(await askBy('gpt-9')).toBe(404);
    const { version, changes } = await changed(await set({ limits: { max_tools: 9 }, ...alias('gpt-9') }, '?note=try'));
    expect(changes).toEqual([
      { path: 'routing.aliases.gpt-9', from: null, to: 'small' },
      { path: 'limits.max_tools', from: 512, to: 9 },
    ]);
    expect(await askBy('gpt-9')).toBe(200);
    expect((await info()).config).toMatchObject({ version, actor: 'token', in_force: true });
    expect(await page()).toMatchObject({
      version,
      effective: { limits: { max_tools: 9 } },
      versions: [{ version, actor: 'token', action: 'set', note: 'try' }],
    });
    const { data } = (await (await lab.admin('GET', '/admin/audit')).json()) as {
      data: readonly { action: string; subject: string }[];
    };
    expect(data[0]).toMatchObject({
      action: 'config.set',
      subject: `version ${version}: routing.aliases.gpt-9, limits.max_tools`,
    });
  });

  test('is only shown by a dry run', async () => {
    const before = await page();
    const answer = await changed(await add(alias('gpt-10'), '?dry_run=true'));
    expect(answer).toMatchObject({
      dry_run: true,
      version: before.version,
      changes: [{ path: 'routing.aliases.gpt-10', to: 'small' }],
    });
    expect(await page()).toEqual(before);
    expect(await askBy('gpt-10')).toBe(404);
  });

  test('is added to the changes before it, or takes their place', async () => {
    await changed(await set(alias('one')));
    await changed(await add(alias('two')));
    expect([await askBy('one'), await askBy('two')]).toEqual([200, 200]);
    await changed(await add(alias('gpt-4o', null)));
    expect(await askBy('gpt-4o')).toBe(404);
    await changed(await set(alias('two')));
    expect([await askBy('one'), await askBy('two'), await askBy('gpt-4o')]).toEqual([404, 200, 200]);
  });

  test('leaves an answer alone that is under way', async () => {
    const stream = await lab.ask(key.key, { tokens: 20, paceMs: 40, body: { stream: true } });
    await changed(await set({ limits: { default_completion_tokens: 5 } }));
    const text = await stream.text();
    expect(text).toContain('data: [DONE]');
    expect(text).not.toContain('"error"');
  });
});

describe('a change that does not fit is refused and changes nothing', () => {
  test.each<[string, object, string, RegExp]>([
    ['a value of the wrong type', { limits: { max_tools: 'many' } }, 'limits.max_tools', /expected number/],
    ['a value out of range', { routing: { classifier: { threshold: 2 } } }, 'routing.classifier.threshold', /<=1/],
    ['a key that does not exist', { limits: { max_tols: 3 } }, 'limits.max_tols', /there is no such key/],
    ['an alias for nothing', alias('gpt-11', 'gpt-12'), 'routing.aliases.gpt-11', /neither a model/],
    ['a needed key taken away', { limits: { max_depth: null } }, 'limits.max_depth', /expected number/],
    [
      'an address',
      { upstreams: { small: { url_var: 'OTHER_URL' } } },
      'upstreams.small.url_var',
      /cannot change at run time: addresses/,
    ],
    [
      "a secret's name",
      { upstreams: { small: { key_var: 'OTHER_KEY' } } },
      'upstreams.small.key_var',
      /cannot change at run time/,
    ],
    ['shards of an object', { limits: { ledger_shards: 3 } }, 'limits.ledger_shards', /which object holds what/],
    [
      'places of a model',
      { models: { 'qwen2.5-7b': { max_in_flight: 3 } } },
      'models.qwen2.5-7b.max_in_flight',
      /admission object/,
    ],
    [
      'rules of the health object',
      { routing: { health: { unhealthy_threshold: 9 } } },
      'routing.health.unhealthy_threshold',
      /change configs\/ and deploy/,
    ],
  ])('%s', async (_, patch, param, sentence) => {
    const before = await page();
    for (const query of ['', '?dry_run=true']) {
      const answer = await add(patch, query);
      const { error } = (await answer.json()) as { error: { code: string; param: string; message: string } };
      expect([answer.status, error.code, error.param]).toEqual([400, 'invalid_value', param]);
      expect(error.message).toMatch(sentence);
    }
    expect(await page()).toEqual(before);
    expect((await info()).config.version).toBe(before.version);
    expect(await askBy('small')).toBe(200);
  });

  test('a model more, a model less', async () => {
    const { models } = (await page()).effective as unknown as { models: Record<string, object> };
    const more = {
      models: { another: { ...models['qwen2.5-7b'], served_name: 'another' } },
      routing: { chains: { another: [] } },
    };
    expect(await (await add(more)).text()).toContain('models.another: a model cannot be added at run time');
  });

  test.each<[string, string, unknown]>([
    ['an unknown option', '?dryrun=true', {}],
    ['a dry run that is neither', '?dry_run=yes', {}],
    ['a version that is none', '?version=newest', {}],
    ['a list', '', []],
    ['text', '', 'x'],
  ])('%s', async (_, query, body) => {
    const before = await page();
    expect((await lab.admin('PUT', `/admin/config${query}`, body)).status).toBe(400);
    expect(await page()).toEqual(before);
  });

  test('a change of a version that is no longer the newest', async () => {
    const { version } = await page();
    const answer = await add(alias('late'), `?version=${version - 1}`);
    expect([answer.status, await codeOf(answer)]).toEqual([409, 'conflict']);
    await changed(await add(alias('in-time'), `?version=${version}`));
  });

  test('a change by somebody who is no operator', async () => {
    const answer = await fetch(`${lab.url}/admin/config`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${key.key}`, 'content-type': 'application/json' },
      body: '{}',
    });
    expect(answer.status).toBe(403);
  });
});

describe('the way back', () => {
  test('leads to any version, as a version of its own; 0 is the deployed configuration', async () => {
    const first = await changed(await set(alias('first')));
    await changed(await set(alias('second')));
    const back = await changed(await rollback(first.version));
    expect(back.version).toBe(first.version + 2);
    expect([await askBy('first'), await askBy('second')]).toEqual([200, 404]);
    await changed(await rollback(0));
    expect(await askBy('first')).toBe(404);
    const { overrides, versions } = await page();
    expect(overrides).toEqual({});
    expect(versions.slice(0, 3).map(({ action }) => action)).toEqual(['rollback', 'rollback', 'set']);
  });

  test.each<[unknown, number]>([
    [999_999, 404],
    ['last', 400],
    [-1, 400],
  ])('does not lead to version %j', async (version, status) => {
    const before = await page();
    expect((await rollback(version)).status).toBe(status);
    expect(await page()).toEqual(before);
  });
});

describe('npm run config', () => {
  const run = (...args: string[]) =>
    promisify(execFile)(process.execPath, [
      join(repoFolder, 'infra/config/cli.ts'),
      ...args,
      '--url',
      lab.url,
      '--admin',
      adminToken,
    ]);

  test('shows, changes and rolls back', async () => {
    await changed(await set({}));
    const { version } = await page();
    expect((await run('merge', JSON.stringify(alias('by-command')), '--dry-run')).stdout).toBe(
      'routing.aliases.by-command: null → "small"\nNothing was changed.\n',
    );
    expect(
      (await run('merge', JSON.stringify(alias('by-command')), '--note', 'a try', '--expect', String(version))).stdout,
    ).toContain(`Version ${version + 1}, in force everywhere within 30 s.`);
    expect((await run('get')).stdout).toMatch(new RegExp(`^version ${version + 1}\\n.*by-command.*merge +token +a try\\n`, 's'));
    await run('rollback', '0');
    expect(await askBy('by-command')).toBe(404);
  });

  test('ends with the sentence of the gateway where a change is refused', async () => {
    await expect(run('set', '{"limits":{"ledger_shards":3}}')).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('limits.ledger_shards: cannot change at run time'),
    });
    await expect(run('set', 'limits')).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('must be a JSON object'),
    });
  });
});

describe('an isolate that has not made the change', () => {
  test('hears of it in the background of a request, ten seconds later at the earliest', async () => {
    await changed(await set({}));
    const version = await setElsewhere(alias('heard'));
    expect(await askBy('heard')).toBe(404);
    await pass(11_000);
    await until('the isolate has heard', async () => (await askBy('heard')) === 200);
    expect((await info()).config).toMatchObject({ version, actor: 'elsewhere' });
  });

  test('waits for it after half a minute without a look', async () => {
    await setElsewhere(alias('waited'));
    await pass(31_000);
    expect(await askBy('waited')).toBe(200);
  });

  test('no request waits for the look of a warm isolate, and none fails where there is no answer', async () => {
    await askBy('small');
    await pass(11_000);
    await lab.wire('KEYS', { hold: 'request' });
    expect(await askBy('waited')).toBe(200);
    await lab.wire('KEYS', { loseRequest: 1 });
    // Beyond what the key itself is known for nobody gets in, so the look is at a page that needs none.
    await pass(31_000);
    expect((await lab.get('/livez')).status).toBe(200);
    await lab.wire('KEYS', null);
    await pass(2000);
    expect(await askBy('waited')).toBe(200);
  });

  test('runs as deployed where a change no longer fits what is deployed, and says so', async () => {
    const version = await setElsewhere(alias('misfit', 'a-model-of-yesterday'));
    await pass(31_000);
    expect(await askBy('small')).toBe(200);
    expect((await info()).config).toMatchObject({ version, in_force: false });
    expect((await page()).mistakes).toEqual([expect.stringContaining('routing.aliases.misfit')]);
    expect(lab.output()).toContain('config_overrides_refused');
    await changed(await set({}));
    expect((await info()).config.in_force).toBe(true);
  });
});
