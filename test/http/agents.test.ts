/** The agent bench on a small scale: the same seed gives the same decisions and the same costs, and every answer is one to work with. */
import { spawn } from 'node:child_process';
import { describe, expect, inject, it, test } from 'vitest';
import { clientKey, connect } from '../../infra/rig/connect.ts';
import { type Arm, playArm } from '../../bench/agents/arms.ts';
import { readDeployment, runAt } from '../../bench/agents/deployment.ts';
import { byKind, digestOf, pricesOf, type Tiers } from '../../bench/agents/figures.ts';
import { drawWorkload, requestsOf } from '../../bench/agents/workload/draw.ts';

const gateway = connect(inject('addresses'));
const price = (input: number) => ({ input, output: input });
const tiers: Tiers = {
  ids: { small: 'qwen2.5-7b', large: 'qwen2.5-32b' },
  picoUsd: { small: price(100_000), large: price(800_000) },
};
const routed: Arm = { name: 'routed', model: 'auto' };

async function run() {
  const agents = drawWorkload({ seed: 'a', agents: 6, requests: 24, largeWeight: 1, thinkMs: 1000 });
  const plan = { agents, compression: 1000, openRate: null, onOutcome: () => undefined };
  const { outcomes } = await playArm({ url: gateway.url, key: clientKey }, routed, plan);
  return { planned: agents.flatMap(({ tasks }) => tasks).reduce((sum, task) => sum + requestsOf(task), 0), outcomes };
}

test('two runs with one seed decide alike and cost the same', async () => {
  await gateway.resetState();
  const [first, second] = [await run(), await run()];
  expect(first.outcomes.map(({ shortcoming }) => shortcoming).filter((wrong) => wrong !== null)).toEqual([]);
  expect(first.outcomes).toHaveLength(first.planned);
  expect(digestOf(second.outcomes, tiers)).toBe(digestOf(first.outcomes, tiers));
  expect(pricesOf(second.outcomes, tiers)).toEqual(pricesOf(first.outcomes, tiers));
  expect(byKind(first.outcomes, tiers).reduce((sum, { requests }) => sum + requests, 0)).toBe(first.planned);
});

describe('a gateway that runs somewhere', () => {
  const any = { small: null, large: null };
  const deployment = (change: Partial<Parameters<typeof readDeployment>[0]> = {}) =>
    readDeployment({ url: gateway.url, key: clientKey, names: any, prices: null, ...change });

  it('says which models it has and what they cost', async () => {
    expect((await deployment()).tiers).toEqual(tiers);
    const byServedName = { small: 'Qwen/Qwen2.5-7B-Instruct', large: null };
    expect((await deployment({ url: `${gateway.url}/v1/`, names: byServedName })).tiers).toEqual(tiers);
    expect((await deployment({ prices: { small: 0.2, large: 1 } })).tiers.picoUsd.large).toEqual(price(1_000_000));
  });

  it('that refuses the key is not asked any further', async () => {
    await expect(deployment({ key: 'another' })).rejects.toThrow(/refuses the key \(HTTP 401: .+\)\. --key takes an API key/);
  });

  it('that has no model of that name says which it has', async () => {
    const names = { small: null, large: 'llama-3.1-70b' };
    await expect(deployment({ names })).rejects.toThrow(
      'no chat model llama-3.1-70b: name one with --large. It has qwen2.5-7b (small), qwen2.5-32b (large).',
    );
    await expect(deployment({ names: { small: 'auto', large: null } })).rejects.toThrow('no chat model auto');
  });

  it('has booked for the key what was counted here', async () => {
    const agents = drawWorkload({ seed: 'b', agents: 2, requests: 8, largeWeight: 1, thinkMs: 10 });
    const plan = { agents, compression: 1, openRate: null, onOutcome: () => undefined };
    const { key } = await gateway.makeKey();
    const { outcomes, ledger } = await runAt(await deployment({ key }), 30_000, routed, plan);
    expect(outcomes.filter(({ shortcoming }) => shortcoming !== null)).toEqual([]);
    expect(ledger?.requests).toBe(outcomes.length);
    expect(ledger?.costNanoUsd).toBeGreaterThan(0);
  });

  it('whose answers are all of no use is left after ten of them', async () => {
    const agents = drawWorkload({ seed: 'c', agents: 12, requests: 60, largeWeight: 1, thinkMs: 0 });
    const asked: unknown[] = [];
    const plan = { agents, compression: 1, openRate: null, onOutcome: (outcome: unknown) => void asked.push(outcome) };
    const wrong: Arm = { name: 'routed', model: 'no-such-model' };
    await expect(deployment().then((there) => runAt(there, 30_000, wrong, plan))).rejects.toThrow(
      'routed: the first 10 answers are of no use. The last: status 404 model_not_found.',
    );
    expect(asked.length).toBeLessThan(20);
  });

  it('that takes too long for an answer is no hang', async () => {
    const agents = drawWorkload({ seed: 'd', agents: 1, requests: 1, largeWeight: 1, thinkMs: 0 });
    const plan = { agents, compression: 1, openRate: null, onOutcome: () => undefined };
    const { outcomes } = await runAt(await deployment(), 1, routed, plan);
    expect(outcomes[0]?.shortcoming).toBe('status 0 no whole answer within 0.001 s');
  });
});

/** The command as it is typed. */
function bench(...args: string[]): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, ['bench/agents/agents.ts', '--out', 'tmp/agents-test', ...args]);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, output })));
}

describe('npm run bench:agents -- --url', () => {
  const small = ['--agents', '3', '--requests', '8', '--think-seconds', '0.01'];

  it('plays all arms and says what was booked for the key', async () => {
    const { output } = await bench('--url', gateway.url, '--key', clientKey, ...small);
    expect(output).toContain('small: qwen2.5-7b, 0.1 and 0.1 USD per million tokens; large: qwen2.5-32b, 0.8 and 0.8');
    expect(output).toMatch(/usable answers +(\d+) of \1 +(\d+) of \2/);
    expect(output).toMatch(/booked for the key, always large +\d+ requests, [\d.]+ USD; counted here/);
    expect(output).not.toContain('NaN');
    // Agents' own functions take seconds, and a busy machine takes long to start three processes.
  }, 120_000);

  it.each([
    ['no key', ['--url', gateway.url], 2, '--url needs --key'],
    ['a key that is none', ['--url', gateway.url, '--key', 'x'], 1, 'refuses the key'],
    [
      'an address where nobody listens',
      ['--url', 'http://127.0.0.1:9', '--key', 'x'],
      1,
      'No gateway answers at http://127.0.0.1:9',
    ],
    ['an address that is none', ['--url', 'http://', '--key', 'x'], 2, '--url http://: expected an address'],
    ['one price', ['--url', gateway.url, '--key', clientKey, '--prices', '0.1'], 2, '--prices 0.1: expected two numbers'],
    ['a file that is not there', ['--from', 'tmp/none.json'], 2, '--from tmp/none.json: there is no such file'],
  ])('says in one line what is wrong: %s', async (_, args, code, words) => {
    const ended = await bench(...args, ...small);
    expect(ended.output).toContain(words);
    expect(ended.output.trim().split('\n')).toHaveLength(1);
    expect(ended.code).toBe(code);
  });
});
