/** The tunnel lets in what the gateway asks for and nothing else. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { compileConfigs } from '../../../infra/config/compile.ts';
import { openings, pathsOf, placeholders, serviceFor, TunnelConfig } from '../../../infra/tunnel/ingress.ts';
import { readPodTable } from '../../../infra/pod/table.ts';
import { repoFolder } from '../../../infra/wrangler.ts';
import { asItIs } from '../../../worker/core/log/known-secrets.ts';
import { dialectsOf } from '../../../worker/core/upstreams/registry.ts';

const config = TunnelConfig.parse(parse(readFileSync(join(repoFolder, 'infra/tunnel/config.yml'), 'utf8')));
const { profiles } = compileConfigs(join(repoFolder, 'configs'));
const tree = profiles['a40-pair'];
if (tree === undefined) throw new Error('no profile a40-pair');
const dialectOf = dialectsOf(tree.upstreams, asItIs);

/** Host name by upstream, as the file has them; what each upstream's models are for; what the gateway asks of it. */
const behindTunnel = Object.entries(tree.upstreams).filter(([, { url_var: address }]) => address !== undefined);
const upstreams = behindTunnel.map(([id]) => {
  const kinds = Object.values(tree.models).filter((model) => model.upstreams.includes(id));
  const asked = new Set(kinds.flatMap(({ kind }) => [...pathsOf(dialectOf(id), kind)]));
  return { id, hostname: `${id}.models.example.com`, asked };
});
const everything = new Set(upstreams.flatMap(({ asked }) => [...asked]));

/** Routes of vLLM that need no key, change the server or show what it is. */
const foreign = [
  '/', '/docs', '/openapi.json', '/version', '/ping', '/load', '/health', '/tokenize', '/detokenize', '/invocations', '/pooling', '/score', '/v1/score',
  '/rerank', '/v2/rerank', '/v1/completions', '/v1/responses', '/v1/messages', '/v1/audio/transcriptions', '/v1/load_lora_adapter', '/sleep', '/wake_up',
  '/reset_prefix_cache', '/collective_rpc', '/v1/models/', '/v1/modelsx', '/x/v1/models', '/metrics/', '//metrics', '/v1/chat/completions/batch',
  '/v1/chat/completions/../../invocations', '/V1/MODELS', '/metrics\n/x',
]; // oxfmt-ignore

describe('the tunnel', () => {
  it.each(upstreams)('lets through everything that the gateway asks of $id, and to its own port', ({ id, hostname, asked }) => {
    const ports: Record<string, number> = { embedder: 8003, classifier: 8004, reranker: 8005 };
    const port = readPodTable().servers[id]?.port ?? ports[id];
    expect(asked.size).toBeGreaterThanOrEqual(3);
    for (const path of asked) expect([path, serviceFor(config, hostname, path)]).toEqual([path, `http://127.0.0.1:${port}`]);
  });

  it.each(upstreams)('lets nothing else through to $id', ({ hostname, asked }) => {
    const others = [...foreign, ...everything].filter((path) => !asked.has(path));
    for (const path of others) expect([path, serviceFor(config, hostname, path)]).toEqual([path, 'http_status:404']);
  });

  it('answers 404 for host names that it does not know', () => {
    for (const path of everything) expect(serviceFor(config, 'other.example.com', path)).toBe('http_status:404');
  });

  it('checks the Access token itself, rule by rule, and ends with 404', () => {
    expect(openings(config)).toEqual([]);
    for (const { originRequest } of config.ingress.slice(0, -1)) expect(originRequest?.access?.required).toBe(true);
  });

  it('says what has to be replaced', () => {
    expect(placeholders(config).length).toBeGreaterThanOrEqual(1 + 5 * 3);
  });
});

describe('mistakes that cloudflared takes without a word', () => {
  const [first, ...others] = config.ingress;
  const withFirst = (change: object): TunnelConfig => ({ ...config, ingress: [{ ...first, service: '', ...change }, ...others] });

  it.each([
    ['an access block at the top', () => TunnelConfig.safeParse({ ...config, originRequest: { access: {} } }).success, false],
    ['a key that nobody knows', () => TunnelConfig.safeParse({ ...config, ingres: [] }).success, false],
    [
      'access that is not required',
      () => {
        const access = { ...first?.originRequest?.access, required: false };
        return TunnelConfig.safeParse(withFirst({ originRequest: { access } })).success;
      },
      false,
    ],
    ['metrics for the world', () => TunnelConfig.safeParse({ ...config, metrics: '0.0.0.0:20241' }).success, false],
  ] as const)('%s is refused', (_, isTaken, expected) => expect(isTaken()).toBe(expected));

  it.each([
    ['a rule without access', { ...first, originRequest: {} }, 'originRequest.access'],
    ['a path that is not anchored', { ...first, path: '/v1/models' }, 'anchored'],
    ['no path at all', { ...first, path: undefined }, 'anchored'],
    ['a server that others reach too', { ...first, service: 'http://10.0.0.5:8001' }, '127.0.0.1'],
    ['a wildcard', { ...first, hostname: '*.example.com' }, 'wildcard'],
    ['no host name', { ...first, hostname: undefined }, 'matches them all'],
  ])('%s is named', (_, change, words) => expect(openings(withFirst(change)).join()).toContain(words));

  it('a missing catch-all is named', () => {
    expect(openings({ ...config, ingress: config.ingress.slice(0, -1) }).join()).toContain('http_status:404');
    expect(
      openings({ ...config, ingress: [...config.ingress.slice(0, -1), { service: 'http://127.0.0.1:8001' }] }).join(),
    ).toContain('last rule');
  });
});

describe('npm run tunnel:check', () => {
  const check = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(repoFolder, 'infra/tunnel/check.ts'), ...args], {
      encoding: 'utf8',
    });
    return { status, said: stdout + stderr };
  };

  it('reads the file that it is given, inside the repository or outside', () => {
    const folder = mkdtempSync(join(tmpdir(), 'tunnel-'));
    const file = join(folder, 'tunnel.yml');
    copyFileSync(join(repoFolder, 'infra/tunnel/config.yml'), file);
    for (const path of [file, 'infra/tunnel/config.yml'])
      expect(check(path, '--template')).toEqual({ status: 0, said: expect.stringContaining(`${path}: 5 host names`) });
    rmSync(folder, { recursive: true });
  });

  it.each([
    ['a file that is not there', ['/no/such/tunnel.yml'], 'There is no file'],
    ['an environment that is none', ['--env', 'productoin'], 'expected staging or production'],
  ])('refuses %s', (_, args, sentence) => {
    expect(check(...args)).toEqual({ status: 2, said: expect.stringContaining(sentence) });
  });
});
