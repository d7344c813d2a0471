/** `npm run config:check`: a mistake of each kind is refused with its file, its line, its path, and what belongs there. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { compileConfigs } from '../../../infra/config/compile.ts';
import { repoFolder } from '../../../infra/wrangler.ts';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pointsman-configs-'));
  for (const file of ['models.yaml', 'routing.yaml', 'limits.yaml'])
    cpSync(join(repoFolder, 'configs', file), join(folder, file));
});

afterEach(() => rmSync(folder, { recursive: true }));

/** A pod with one thing changed, in front of the servers of models.yaml. */
function withPod(change: Readonly<Record<string, string>>, more = ''): string {
  const pod = { provider: 'runpod', id_var: 'RUNPOD_POD_ID', upstreams: '[small, large]', ...change };
  const lines = Object.entries(pod).map(([key, value]) => `    ${key}: ${value}\n`);
  return `pods:\n  a40:\n${lines.join('')}${more}upstreams:\n  small:`;
}

const servers = 'upstreams:\n  small:';
const secondPod = '  b40:\n    provider: runpod\n    id_var: SECOND_POD_ID\n    upstreams: [embedder]\n';
const group = (text: string): string => withPod({}, `${secondPod}pod_groups:\n  pool: { requests_per_pod: 8, ${text} }\n`);

/** Of `pods` and `pod_groups`: kind; what stands in front of the servers; path; what the person is told. */
const podRows: readonly (readonly [kind: string, pods: string, path: string, advice: RegExp])[] = [
  ['a provider that is none', withPod({ provider: 'lambda' }), 'pods.a40.provider', /"runpod"/],
  ['a pod id in place of its variable', withPod({ id_var: 'abc123' }), 'pods.a40.id_var', /such as RUNPOD_POD_ID/],
  ['a server that does not exist', withPod({ upstreams: '[smal]' }), 'pods.a40.upstreams.0', /did you mean small\?/],
  ['a server on two pods', withPod({}, secondPod.replace('embedder', 'small')), 'pods.b40.upstreams.0', /runs on a40 already/],
  ['a binding on a pod', withPod({ upstreams: '[workers-ai]' }), 'pods.a40.upstreams.0', /runs on no pod/],
  ['the operators’ token for a provider', withPod({ key_var: 'ADMIN_TOKEN' }), 'pods.a40.key_var', /setting of the gateway/],
  ['a server’s key for a provider', withPod({ key_var: 'UPSTREAM_API_KEY' }), 'pods.a40.key_var', /such as RUNPOD_API_KEY/],
  ['an idle time within the draining', withPod({ idle_after_ms: '20000' }), 'pods.a40.idle_after_ms', /twice drain_ms \(12000\)/],
  [
    'a time that is no time',
    withPod({ keep_up: '[{ days: [mon], from_utc: 7am, until_utc: "18:00" }]' }),
    'pods.a40.keep_up.0.from_utc',
    /such as 07:30/,
  ],
  [
    'hours without a length',
    withPod({ keep_up: '[{ days: [mon], from_utc: "07:00", until_utc: "07:00" }]' }),
    'pods.a40.keep_up.0',
    /same time/,
  ],
  [
    'spilling to nobody',
    withPod({ while_waking: 'spill' }),
    'pods.a40.while_waking',
    /chain of qwen2\.5-7b, qwen2\.5-32b names no model elsewhere/,
  ],
  [
    'a group with a pod that does not exist',
    group('pods: [a40, c40]'),
    'pod_groups.pool.pods.1',
    /there is no pod "c40"; pods are a40, b40/,
  ],
  ['a group of different models', group('pods: [a40, b40]'), 'pod_groups.pool.pods', /serve different models/],
  ['a least size above the largest', group('pods: [a40, b40], min: 3'), 'pod_groups.pool.min', /larger than max/],
];

/** Kind; file; text and what a person wrote in its place; path; what the person is told. */
const rows: readonly (readonly [kind: string, file: string, from: string, to: string, path: string, advice: RegExp])[] = [
  [
    'text in place of a number',
    'limits.yaml',
    'max_depth: 64',
    'max_depth: deep',
    'limits.max_depth',
    /expected number, received string/,
  ],
  ['a number out of range', 'limits.yaml', 'max_stop: 64', 'max_stop: 0', 'limits.max_stop', />=1/],
  [
    'a fraction in place of a whole number',
    'limits.yaml',
    'max_tools: 512',
    'max_tools: 1.5',
    'limits.max_tools',
    /expected int/,
  ],
  [
    'a word that is none of the known ones',
    'models.yaml',
    'tier: small',
    'tier: tiny',
    'models.qwen2.5-7b.tier',
    /expected one of "small"\|"large"\|"vision"/,
  ],
  [
    'a misspelt key',
    'routing.yaml',
    'threshold: 0.6',
    'treshold: 0.6',
    'routing.classifier.treshold',
    /no such key; did you mean threshold\?/,
  ],
  [
    'a card for a model that does not exist',
    'models.yaml',
    'models: [qwen2.5-7b, qwen2.5-32b]',
    'models: [qwen2.5-7b, qwen2.5-70b]',
    'gpus.a40.models.1',
    /there is no model "qwen2.5-70b"/,
  ],
  [
    'a model on two cards',
    'models.yaml',
    '  a40: { models: [qwen2.5-7b, qwen2.5-32b], price_per_hour_usd: 0 }',
    '  a40: { models: [qwen2.5-7b] }\n  other: { models: [qwen2.5-7b] }',
    'gpus.other.models.0',
    /"qwen2.5-7b" runs on "a40" already/,
  ],
  ['a key too many', 'limits.yaml', 'max_n: 4', 'max_n: 4\n  colour: red', 'limits.colour', /there is no such key/],
  ['a key too few', 'limits.yaml', '  max_n: 4\n', '', 'limits.max_n', /expected number, received undefined/],
  ['a key twice', 'limits.yaml', 'max_n: 4', 'max_n: 4\n  max_n: 5', '', /Map keys must be unique/],
  ['an indentation with a tab', 'limits.yaml', '  max_n: 4', '\tmax_n: 4', '', /[Tt]abs? (?:are|is) not allowed|indent/],
  ['a value in place of keys', 'limits.yaml', 'limits:', 'limits: none\nrest:', 'limits', /expected object/],
  ['a name that an id may not have', 'models.yaml', '  qwen2.5-7b:\n', '  Qwen 7B:\n', 'models.Qwen 7B', /lower-case id/],
  [
    'a variable with a name that is none',
    'models.yaml',
    'url_var: SMALL_UPSTREAM_URL',
    'url_var: small-url',
    'upstreams.small.url_var',
    /such as SMALL_UPSTREAM_URL/,
  ],
  [
    "a setting of the gateway as a server's key",
    'models.yaml',
    'url_var: SMALL_UPSTREAM_URL',
    'url_var: SMALL_UPSTREAM_URL\n    key_var: ADMIN_TOKEN',
    'upstreams.small.key_var',
    /name the secret with this server's key, such as UPSTREAM_API_KEY/,
  ],
  [
    'a server that nobody speaks with',
    'models.yaml',
    'dialect: vllm',
    'dialect: vlm',
    'upstreams.small.dialect',
    /there is no dialect "vlm"; dialects are .*did you mean vllm\?/,
  ],
  [
    'a server without an address',
    'models.yaml',
    '    url_var: SMALL_UPSTREAM_URL\n',
    '',
    'upstreams.small',
    /expected url_var or binding, one of them/,
  ],
  [
    'a model on no server',
    'models.yaml',
    'upstreams: [small]',
    'upstreams: [smal]',
    'models.qwen2.5-7b.upstreams.0',
    /upstreams are small, .*did you mean small\?/,
  ],
  [
    'a fallback that does not exist',
    'routing.yaml',
    'qwen2.5-7b: [qwen2.5-32b]',
    'qwen2.5-7b: [qwen2.5-23b]',
    'routing.chains.qwen2.5-7b.0',
    /did you mean qwen2\.5-32b\?/,
  ],
  [
    'a model without a chain',
    'routing.yaml',
    '    qwen2.5-7b: [qwen2.5-32b]\n',
    '',
    'routing.chains',
    /"qwen2\.5-7b" has no chain; write \[\]/,
  ],
  [
    'an alias for nothing',
    'routing.yaml',
    'gpt-4o-mini: auto',
    'gpt-4o-mini: atuo',
    'routing.aliases.gpt-4o-mini',
    /neither a model nor one of auto/,
  ],
  [
    'one name for two models',
    'models.yaml',
    'served_name: Qwen/Qwen2.5-32B-Instruct-AWQ',
    'served_name: Qwen/Qwen2.5-7B-Instruct',
    'models.qwen2.5-32b.served_name',
    /a name of qwen2\.5-7b already/,
  ],
  ['no model for what is hard', 'models.yaml', 'tier: large', 'tier: small', 'models', /no model has tier large/],
  ['weights that do not add up', 'routing.yaml', 'length: 0.2', 'length: 0.9', 'routing.classifier.weights', /add up to 1/],
  [
    'an answer that leaves no room for a question',
    'models.yaml',
    'context_tokens: 32768',
    'context_tokens: 4000',
    'models.qwen2.5-7b.context_tokens',
    /leaves no room for a prompt in 4000 tokens/,
  ],
  [
    'a price without its date',
    'models.yaml',
    '      as_of: 2026-11-20\n',
    '',
    'models.qwen2.5-7b.price.as_of',
    /expected string, received undefined/,
  ],
];

const allRows = [
  ...rows,
  ...podRows.map(([kind, pods, path, advice]) => [kind, 'models.yaml', servers, pods, path, advice] as const),
];

it.each(allRows)('%s', (_, file, from, to, path, advice) => {
  const text = readFileSync(join(folder, file), 'utf8');
  expect(text).toContain(from);
  writeFileSync(
    join(folder, file),
    text.replace(from, () => to),
  );
  const { mistakes } = compileConfigs(folder);
  const mistake =
    mistakes.find((line) => line.includes(path === '' ? file : ` ${path}: `)) ?? `not found in:\n${mistakes.join('\n')}`;
  expect(mistake).toMatch(new RegExp(`${file.replace('.', '\\.')}:\\d+: `));
  expect(mistake).toMatch(advice);
});

it('is told by the command, which then fails; without a mistake it names the profiles', () => {
  const check = (): { status: number | null; output: string } => {
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [join(repoFolder, 'infra/config/check.ts'), '--configs', folder],
      { encoding: 'utf8' },
    );
    return { status, output: stdout + stderr };
  };
  mkdirSync(dirname(join(folder, 'profiles/x/limits.yaml')), { recursive: true });
  writeFileSync(join(folder, 'profiles/x/limits.yaml'), 'limits: { max_n: 2 }\n');
  expect(check()).toEqual({ status: 0, output: 'No mistakes. Profiles: a40-pair, x.\n' });
  writeFileSync(join(folder, 'profiles/x/limits.yaml'), 'limits:\n  max_n: two\n');
  const { status, output } = check();
  expect(status).toBe(1);
  expect(output).toMatch(/profiles\/x\/limits\.yaml:2: limits\.max_n: .*expected number.* \[profile x\]/);
});
