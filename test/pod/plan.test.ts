/** What the GPU box is told to run: it fits its card, says why, agrees with the gateway's configuration, and is printed as it is run. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { compileConfigs } from '../../infra/config/compile.ts';
import { kvTokens, placeOf } from '../../infra/pod/memory.ts';
import { PodTable, readPodTable } from '../../infra/pod/table.ts';
import { noPodScripts, noShellcheck, podFolder, podPlan, podScript } from '../../infra/pod/tools.ts';
import { readRepoFile } from '../../infra/graph/source-files.ts';
import { repoFolder } from '../../infra/wrangler.ts';

const table = readPodTable();

interface Fit {
  readonly mode: string;
  readonly card: string;
  readonly fits: boolean;
  readonly servers: readonly {
    readonly server: string;
    readonly share_gib: number;
    readonly weights_gib: number;
    readonly activation_gib: number;
    readonly kv_gib: number;
    readonly kv_bytes_per_token: number;
    readonly kv_tokens: number;
    readonly context: number;
    readonly fits: boolean;
  }[];
  readonly devices: readonly { readonly left_gib: number; readonly outside_gib: number }[];
}

function memory(...args: string[]): Fit[] {
  const { status, stdout, stderr } = podPlan(['memory', '--json', ...args]);
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return JSON.parse(stdout) as Fit[];
}

/** The table with one thing changed. */
function changed(change: (table: PodTable) => void): PodTable {
  const copy = structuredClone(table);
  change(copy);
  return copy;
}

describe.skipIf(noPodScripts !== null)(`memory of the GPU box (${noPodScripts ?? 'arithmetic'})`, () => {
  it('every mode fits every card that it is offered for: each context in its KV cache, each CUDA context beside the shares', () => {
    const all = memory();
    expect(all.filter(({ fits }) => !fits)).toEqual([]);
    expect(new Set(all.map(({ card }) => card))).toEqual(new Set(['a40', 'l40s', '2x24gb', '80gb']));
    for (const { servers } of all)
      for (const { kv_tokens: held, context } of servers) expect(held).toBeGreaterThanOrEqual(context);
  });

  it('the weights are those that the models have: parameters to the last one, bytes of the published files', () => {
    const script = `import json, sys; sys.path.insert(0, 'infra/pod'); import plan; t = plan.read_table()
print(json.dumps({k: [plan.linear_parameters(m) + plan.other_parameters(m), plan.weight_bytes(m)] for k, m in t['models'].items()}))`;
    const { stdout } = spawnSync('python3', ['-B', '-c', script], { cwd: repoFolder, encoding: 'utf8' });
    const weights = JSON.parse(stdout) as Record<string, [number, number]>;
    for (const [id, { parameters }] of Object.entries(table.models)) expect([id, weights[id]?.[0]]).toEqual([id, parameters]);
    // total_size in the index of the published files, and their sum on the disk.
    expect(weights['qwen2.5-7b']?.[1]).toBe(15_231_233_024);
    expect(weights['llama-3.1-8b']?.[1]).toBe(16_060_522_496);
    expect((weights['qwen2.5-32b-awq']?.[1] ?? 0) / 1e9).toBeCloseTo(19.3, 1);
    expect((weights['llama-3.1-70b-awq']?.[1] ?? 0) / 1e9).toBeCloseTo(39.8, 1);
  });

  it.each([
    // KiB of KV cache for a token: layers x KV heads x head size x 2 x 2 bytes.
    ['pair', 'a40', [256, 56], [10_577, 38_151]],
    ['pair-4bit', 'a40', [256, 56], [46_949, 81_911]],
    ['pair', 'l40s', [256, 56], [10_618, 38_301]],
    ['pair', '2x24gb', [256, 56], [9_240, 101_965]],
    ['pair', '80gb', [256, 56], [114_165, 150_218]],
    ['llama-pair', '80gb', [320, 128], [34_042, 47_009]],
  ])('%s on %s: %j KiB a token, %j tokens', (mode, card, kib, tokens) => {
    const [fit] = memory('--mode', mode, '--card', card);
    expect(fit?.servers.map((server) => server.kv_bytes_per_token / 1024)).toEqual(kib);
    expect(fit?.servers.map((server) => server.kv_tokens)).toEqual(tokens);
  });

  it('on the A40 the 32B cannot have its whole context: 40 % and 50 % of 48 GB leave it a quarter', () => {
    const [fit] = memory('--mode', 'pair', '--card', 'a40');
    const large = fit?.servers.find(({ server }) => server === 'large');
    expect(large?.kv_tokens).toBeLessThan(table.models['qwen2.5-32b-awq']?.native_context ?? 0);
    expect(large?.context).toBe(8192);
    expect(table.modes['pair']?.cards['a40']?.map(({ share }) => share)).toEqual([0.5, 0.4]);
  });

  it('the benches have the same sums', () => {
    for (const { card, mode, servers } of memory())
      for (const { server, kv_tokens: tokens } of servers)
        expect([mode, card, server, kvTokens(table, card, placeOf(table, mode, card, server))]).toEqual([
          mode,
          card,
          server,
          tokens,
        ]);
  });

  it('with the small model in 4 bits the 32B has its whole context on the A40, under the same names', () => {
    const [fit] = memory('--mode', 'pair-4bit', '--card', 'a40');
    const large = fit?.servers.find(({ server }) => server === 'large');
    expect(large?.context).toBe(table.models['qwen2.5-32b-awq']?.native_context);
    expect(large?.kv_tokens).toBeGreaterThan(4 * 10_577);
    const names = (mode: string) => podPlan(['servers', '--mode', mode, '--card', 'a40', '--home', 'x']).stdout;
    expect(names('pair-4bit')).toBe(names('pair'));
  });

  it('activations come to what a log of vLLM says of a 32B model on two cards', () => {
    const script = `import sys; sys.path.insert(0, 'infra/pod'); import plan; t = plan.read_table()
m = dict(t['models']['qwen2.5-32b-awq'], intermediate=27648 // 2, vocab=152064 // 2); print(plan.activation_bytes(m, 10000, 256) / plan.GIB)`;
    const { stdout } = spawnSync('python3', ['-B', '-c', script], { cwd: repoFolder, encoding: 'utf8' });
    expect(Number(stdout) / 1.26).toBeGreaterThan(0.9);
    expect((Number(stdout) * table.overhead.activation_margin) / 1.26).toBeLessThan(1.3);
  });

  it('a mode that does not fit is refused with what would fit it', () => {
    const { status, stderr } = podScript(['start', '--dry-run', '--mode', 'llama-pair', '--card', 'a40']);
    expect(status).not.toBe(0);
    expect(stderr).toContain('it fits 80gb');
  });
});

describe.skipIf(noPodScripts !== null)('commands of the GPU box', () => {
  const dryRun = (...args: string[]) => podScript(['start', '--dry-run', ...args]).stdout;

  it('the page about the box prints the commands that --dry-run prints', () => {
    const page = readRepoFile('infra/pod/README.md');
    const [, shown = ''] = /<!-- pod\.sh start --dry-run --card a40 -->\n```sh\n(.*?)```/s.exec(page) ?? [];
    expect(shown).toBe(dryRun('--card', 'a40'));
    const [, arithmetic = ''] = /<!-- pod\.sh memory --card a40 --mode pair -->\n```\n(.*?)```/s.exec(page) ?? [];
    expect(arithmetic).toBe(podScript(['memory', '--card', 'a40', '--mode', 'pair']).stdout);
  });

  it('what runs is what is printed, and the key is in no argument', () => {
    const { stdout } = podPlan([
      'command',
      '--mode',
      'pair',
      '--card',
      'a40',
      '--home',
      '/workspace/pointsman',
      '--server',
      'small',
      '--key',
      'package.json',
    ]);
    const words = stdout.split('\0').slice(0, -1);
    const args = words.slice(words.indexOf('--') + 1);
    const printed = dryRun('--card', 'a40').split('# small')[1] ?? '';
    const command = printed.slice(printed.indexOf('vllm serve'), printed.indexOf('\n# wait'));
    expect(args).toEqual(command.replaceAll('\\\n', ' ').trim().split(/\s+/));
    const key = readRepoFile('package.json').trim();
    expect(words).toContain(`VLLM_API_KEY=${key}`);
    expect(args.join(' ')).not.toContain('--api-key');
  });

  it('the small model in 4 bits is one setting: other weights and shares, the same names and ports', () => {
    const { stdout } = podScript(['start', '--dry-run', '--card', 'a40'], { POINTSMAN_POD_MODE: 'pair-4bit' });
    expect(stdout).toBe(dryRun('--card', 'a40', '--mode', 'pair-4bit'));
    const small = stdout.split('# small')[1] ?? '';
    expect(small).toMatch(/vllm serve \S+\/Qwen2\.5-7B-Instruct-AWQ /);
    expect(small).toContain('--gpu-memory-utilization 0.25');
    expect(small).toContain('--quantization awq_marlin');
    expect(stdout).toContain('--max-model-len 32768');
    const said = (flag: string, text: string) => [...text.matchAll(new RegExp(`${flag} (\\S+)`, 'g'))].map(([, value]) => value);
    for (const flag of ['--served-model-name', '--port', '--max-num-seqs', '--tool-call-parser'])
      expect(said(flag, stdout)).toEqual(said(flag, dryRun('--card', 'a40')));
  });

  it('every server listens on the loopback address only', () => {
    for (const [mode, { cards }] of Object.entries(table.modes)) {
      for (const card of Object.keys(cards)) {
        const text = dryRun('--mode', mode, '--card', card);
        expect(text.match(/--host 127\.0\.0\.1/g)?.length).toBe(cards[card]?.length);
        expect(text).not.toContain('0.0.0.0');
      }
    }
  });

  it('the models are served under the names that the profile of the mode asks for, with its places', () => {
    const { profiles } = compileConfigs(join(repoFolder, 'configs'));
    for (const { profile, cards } of Object.values(table.modes)) {
      const models = Object.values(profiles[profile]?.models ?? {});
      for (const places of Object.values(cards)) {
        for (const { server: id, context } of places) {
          const server = table.servers[id];
          const model = models.find(({ served_name: name }) => name === server?.served_name);
          expect([id, model?.max_in_flight]).toEqual([id, server?.max_num_seqs]);
          expect(context).toBeLessThanOrEqual(model?.context_tokens ?? 0);
        }
      }
    }
  });

  it('no two servers of a mode share a port', () => {
    for (const { cards } of Object.values(table.modes)) {
      for (const places of Object.values(cards)) {
        const ports = places.map(({ server }) => table.servers[server]?.port);
        expect(new Set(ports).size).toBe(ports.length);
      }
    }
  });

  it('every flag and variable is explained', () => {
    const { stdout } = podScript(['explain']);
    for (const { flag } of table.flags) expect(stdout).toContain(`${flag}`);
    for (const { why } of table.flags) expect(stdout).toContain(why);
    for (const { name } of table.environment) expect(stdout).toContain(`${name}=`);
  });

  it.each([
    ['46068', 'a40'],
    ['24564\n24564', '2x24gb'],
    ['81559', '80gb'],
  ])('a card of %j MiB is %s', (sizes, card) => {
    const { stdout } = spawnSync('python3', ['-B', 'infra/pod/plan.py', 'card'], {
      cwd: repoFolder,
      input: sizes,
      encoding: 'utf8',
    });
    expect(stdout.trim()).toBe(card);
  });

  it('a card that is not in the table is refused', () => {
    const { status } = spawnSync('python3', ['-B', 'infra/pod/plan.py', 'card'], { cwd: repoFolder, input: '16384' });
    expect(status).toBe(1);
  });
});

describe.skipIf(noShellcheck !== null)(`shellcheck (${noShellcheck ?? 'runs'})`, () => {
  it('finds nothing in the scripts of the box', () => {
    const { stdout, status } = spawnSync('shellcheck', ['--severity=style', 'pod.sh'], { cwd: podFolder, encoding: 'utf8' });
    expect(stdout).toBe('');
    expect(status).toBe(0);
  });

  it('would find a mistake', () => {
    const script = `${readFileSync(join(podFolder, 'pod.sh'), 'utf8')}\ncd $nowhere\n`;
    const { status } = spawnSync('shellcheck', ['-'], { input: script });
    expect(status).toBe(1);
  });
});

describe('pod.json', () => {
  it('refuses an unknown key and a share of more than the card', () => {
    expect(PodTable.safeParse(table).success).toBe(true);
    const tooMuch = changed((copy) => {
      const place = copy.modes['pair']?.cards['a40']?.[0];
      if (place !== undefined) place.share = 1.2;
    });
    expect(PodTable.safeParse(tooMuch).success).toBe(false);
    expect(PodTable.safeParse({ ...table, surprise: 1 }).success).toBe(false);
  });
});
