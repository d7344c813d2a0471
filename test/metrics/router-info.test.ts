/** What a deployment says of itself: everything that decides, and nothing that opens a door or names a machine. */
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { readRepoFile } from '../../infra/graph/source-files.ts';
import { adminToken, clientKey, upstreamKey } from '../../infra/rig/connect.ts';
import { type Rig, startRig } from '../../infra/rig/rig.ts';

const secrets = { METRICS_TOKEN: 'pointsman-local-rig-metrics', OTLP_HEADERS: 'authorization=Bearer pointsman-local-collector' };
let gateway: Rig;

beforeAll(async () => {
  gateway = await startRig({
    on: inject('bundle'),
    vars: { ...secrets, OTLP_ENDPOINT: 'http://127.0.0.1:4318', BUILD_COMMIT: '0123abc' },
    overrides: { routing: { escalation: { enabled: true } }, limits: { max_tools: 77 } },
  });
});

afterAll(() => gateway.stop());

test('names versions, features, the configuration in force and what its classifier scored; no secret and no address', async () => {
  const text = await (await gateway.get('/router/info')).text();
  const info: unknown = JSON.parse(text);
  const { version } = JSON.parse(readRepoFile('package.json')) as { version: string };
  expect(info).toMatchObject({
    profile: 'a40-pair',
    environment: 'development',
    versions: { gateway: version, commit: '0123abc', classifier: expect.stringMatching(/^hybrid-\w+$/) },
    features: {
      escalation: true,
      rescue: true,
      metrics_token: true,
      otlp_traces: true,
      platform_traces: false,
      access_login: false,
    },
    limits: { max_tools: 77 },
    routing: { escalation: { enabled: true }, sessions: { enabled: true } },
    models: { 'qwen2.5-7b': { kind: 'chat', tier: 'small', upstreams: ['small'], max_in_flight: 64 } },
    upstreams: { small: { dialect: 'vllm', tunnel: 'main' } },
    classifier_evaluation: { trained_on: expect.any(String), scores: { given_macro_f1: expect.any(Number) } },
  });
  const hidden = [adminToken, clientKey, upstreamKey, 'pointsman-local-collector', secrets.METRICS_TOKEN, gateway.fleet.clientId];
  const addresses = [...Object.values(gateway.addresses.servers), ...Object.values(gateway.fleet.urls)].map(
    (url) => new URL(url).host,
  );
  expect([...hidden, ...addresses, '4318'].filter((value) => text.includes(value))).toEqual([]);
});
