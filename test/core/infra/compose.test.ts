/** The compose files: pinned, on the loopback address, and the model servers as infra/pod runs them. Docker itself is not asked. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import * as z from 'zod';
import { noPodScripts, podPlan } from '../../../infra/pod/tools.ts';
import { readPodTable } from '../../../infra/pod/table.ts';
import { noPrometheus } from '../../../infra/prometheus/tools.ts';
import { repoFolder } from '../../../infra/wrangler.ts';

const folder = join(repoFolder, 'infra/compose');

const Service = z.object({
  image: z.string(),
  network_mode: z.literal('host'),
  profiles: z.array(z.string()).optional(),
  entrypoint: z.array(z.string()).optional(),
  command: z.array(z.string()).optional(),
  environment: z.record(z.string(), z.string()).optional(),
  volumes: z.array(z.string()).optional(),
  depends_on: z.union([z.array(z.string()), z.record(z.string(), z.object({ condition: z.string() }))]).optional(),
  healthcheck: z.object({ test: z.array(z.string()) }).optional(),
});
const Compose = z.object({
  name: z.string(),
  services: z.record(z.string(), Service),
  volumes: z.record(z.string(), z.unknown()),
});

const read = (file: string) => Compose.parse(parse(readFileSync(join(folder, file), 'utf8'), { merge: true }));
const box = read('compose.yaml');
const standin = read('compose.standin.yaml');
const services = [...Object.entries(box.services), ...Object.entries(standin.services)];

describe('compose', () => {
  it('has the model servers, the tunnel, monitoring and the log, each a choice but the servers; and a variant without a GPU', () => {
    expect(Object.entries(box.services).map(([id, { profiles }]) => [id, profiles?.[0]])).toEqual([
      ['large', undefined],
      ['small', undefined],
      ['tunnel', 'tunnel'],
      ['prometheus', 'monitoring'],
      ['grafana', 'monitoring'],
      ['postgres', 'log'],
    ]);
    expect(Object.keys(standin.services)).toEqual(['gateway', 'prometheus', 'grafana', 'postgres']);
    expect(readFileSync(join(folder, 'compose.standin.yaml'), 'utf8')).not.toContain('nvidia');
  });

  it.each(services)('%s has a pinned image and listens on the loopback address only', (id, service) => {
    expect(service.image).toMatch(/:v?\d+\.\d+(\.\d+)?(-slim)?$/);
    expect(JSON.stringify(service)).not.toContain('0.0.0.0');
    const listens: Record<string, string> = {
      large: '127.0.0.1',
      small: '127.0.0.1',
      prometheus: '--web.listen-address=127.0.0.1',
      grafana: '"GF_SERVER_HTTP_ADDR":"127.0.0.1"',
      postgres: 'listen_addresses=127.0.0.1',
    };
    expect(JSON.stringify(service)).toContain(listens[id] ?? '');
  });

  it('runs the versions of infra/pod', () => {
    const { versions } = readPodTable();
    expect(box.services['large']?.image).toBe(`vllm/vllm-openai:v${versions.vllm}`);
    expect(box.services['tunnel']?.image).toBe(`cloudflare/cloudflared:${versions.cloudflared}`);
  });

  it.skipIf(noPodScripts !== null).each(['small', 'large'])(
    'starts the %s server as infra/pod does, and with its key from outside',
    (id) => {
      const choice = ['--mode', 'pair', '--card', 'a40', '--home', '/workspace/pointsman'];
      const words = podPlan(['command', ...choice, '--server', id, '--key', 'package.json'])
        .stdout.split('\0')
        .slice(0, -1);
      const end = words.indexOf('--');
      const service = box.services[id];
      expect([...(service?.entrypoint ?? []), ...(service?.command ?? [])]).toEqual(words.slice(end + 1));
      const { VLLM_API_KEY: key, ...variables } = service?.environment ?? {};
      expect(key).toMatch(/^\$\{VLLM_API_KEY:\?/);
      expect(Object.entries(variables).map(([name, value]) => `${name}=${value}`)).toEqual(
        words.slice(0, end).filter((word) => !word.startsWith('VLLM_API_KEY=')),
      );
    },
  );

  it('starts the small one when the large one answers', () => {
    expect(box.services['small']?.depends_on).toEqual({ large: { condition: 'service_healthy' } });
    expect(box.services['large']?.healthcheck?.test.join(' ')).toContain('127.0.0.1:8002/health');
  });

  it('mounts files that are there', () => {
    const mounted = services.flatMap(([, { volumes }]) => volumes ?? []).filter((volume) => volume.startsWith('.'));
    const missing = mounted.map((volume) => volume.split(':')[0] ?? '').filter((path) => !existsSync(join(folder, path)));
    expect([...new Set(missing)]).toEqual(['./metrics-token']);
  });

  it.skipIf(noPrometheus !== null).each(['prometheus.yml', 'prometheus.standin.yml'])('promtool takes %s', (file) => {
    // Without the files that exist in the container only.
    const { stdout, stderr, status } = spawnSync('promtool', ['check', 'config', '--syntax-only', join(folder, file)], {
      encoding: 'utf8',
    });
    expect([status, `${stdout}${stderr}`]).toEqual([0, expect.stringContaining('SUCCESS')]);
  });
});
