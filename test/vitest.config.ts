/**
 * Test projects. `core` runs the pure parts in Node in milliseconds; `edge` runs inside workerd, beside the Worker and its Durable
 * Objects; `http` drives the Worker under `wrangler dev` with stand-in model servers, from outside, one file at a time because they share
 * a gateway.
 */
import { availableParallelism } from 'node:os';
import { fileURLToPath, URL } from 'node:url';
import { cloudflareTest } from '@cloudflare/vitest-plugin';
import { defineConfig } from 'vitest/config';
import { edgeBindings } from './edge/bindings.ts';

const core = {
  name: 'core',
  include: ['test/core/**/*.test.ts', 'test/pipeline/**/*.test.ts'],
  environment: 'node',
  // Every file's own process and imports were more than half of the time. What modules keep (prepared words, the newest day) is a cache.
  isolate: false,
  // Also where a machine has two processors, one of which the runner would keep for itself.
  maxWorkers: Math.max(2, availableParallelism() - 1),
  // No test measures time: this only ends one that hangs, and a busy machine takes long over thousands of random answers.
  testTimeout: 60_000,
};

const edge = {
  name: 'edge',
  include: ['test/edge/**/*.test.ts'],
  testTimeout: 20_000,
};

const http = {
  name: 'http',
  include: ['test/http/**/*.test.ts'],
  environment: 'node',
  globalSetup: ['test/support/http/global-setup.ts', 'test/support/bundles/gateway.ts'],
  fileParallelism: false,
  isolate: false,
  maxConcurrency: 4,
  testTimeout: 30_000,
  hookTimeout: 60_000,
};

/** The official clients, against one gateway on workerd itself: they mostly start and wait. */
const clients = {
  ...http,
  name: 'clients',
  include: ['test/contract/**/*.test.ts'],
  exclude: ['test/contract/tool-corpus.test.ts', 'test/contract/pooling.test.ts', 'test/contract/wire.test.ts'],
  globalSetup: ['test/support/bundles/gateway.ts', 'test/support/http/on-workerd.ts'],
};

/** Suites that start gateways of their own: other profiles, other tool formats. */
const apart = {
  name: 'apart',
  include: [
    'test/contract/tool-corpus.test.ts',
    'test/contract/pooling.test.ts',
    'test/contract/wire.test.ts',
    'test/seeds/**/*.test.ts',
  ],
  environment: 'node',
  globalSetup: ['test/support/bundles/gateway.ts'],
  fileParallelism: false,
  testTimeout: 30_000,
  hookTimeout: 60_000,
};

/** Limits, budgets and the ledger, on a Worker whose Durable Objects can be evicted and aborted at will. */
const money = {
  name: 'money',
  include: ['test/money/**/*.test.ts'],
  environment: 'node',
  globalSetup: ['test/support/bundles/lab.ts'],
  // Every file has a gateway of its own and mostly waits; the processor is busy for a quarter of the time.
  maxWorkers: 3,
  testTimeout: 60_000,
  hookTimeout: 60_000,
};

/** What operators watch: Prometheus scrapes a gateway, rules and panels are asked, traces go to a collector. */
const metrics = {
  name: 'metrics',
  include: ['test/metrics/**/*.test.ts'],
  environment: 'node',
  globalSetup: ['test/support/bundles/gateway.ts'],
  fileParallelism: false,
  testTimeout: 60_000,
  hookTimeout: 60_000,
};

/** Dead models, outages, broken streams, leaving clients, two isolates: the scenarios of `npm run bench:survival`, on workerd itself. */
const survival = {
  name: 'survival',
  include: ['test/survival/**/*.test.ts'],
  environment: 'node',
  globalSetup: ['test/support/bundles/gateway.ts'],
  fileParallelism: false,
  testTimeout: 60_000,
  hookTimeout: 60_000,
};

/** The checks of `npm run security`, each a test, against one gateway. */
const security = {
  name: 'security',
  include: ['test/security/**/*.test.ts'],
  environment: 'node',
  fileParallelism: false,
  testTimeout: 60_000,
  hookTimeout: 60_000,
};

/** The pages in a browser, against what `npm start` starts. Skipped where there is no browser. */
const browser = {
  name: 'browser',
  include: ['test/browser/**/*.test.ts'],
  environment: 'node',
  globalSetup: ['test/support/browser/global-setup.ts'],
  fileParallelism: false,
  testTimeout: 60_000,
  hookTimeout: 60_000,
};

/** The request log in a real PostgreSQL, which the files start themselves. Skipped where there is none. */
const postgres = {
  name: 'postgres',
  include: ['test/postgres/**/*.test.ts'],
  environment: 'node',
  globalSetup: ['test/support/bundles/gateway.ts'],
  maxWorkers: 2,
  testTimeout: 60_000,
  hookTimeout: 60_000,
};

/** The GPU box: its arithmetic and commands, and its scripts with stub programs in place of vLLM and hf. Skipped without bash and python3. */
const pod = {
  name: 'pod',
  include: ['test/pod/**/*.test.ts'],
  environment: 'node',
  globalSetup: ['test/support/bundles/gateway.ts'],
  maxWorkers: 2,
  testTimeout: 120_000,
  hookTimeout: 120_000,
};

/** Real model servers, which `npm run test:real` starts. Not part of `npm test`; without the servers everything is skipped. */
const real = {
  name: 'real',
  include: ['test/real/**/*.test.ts'],
  environment: 'node',
  globalSetup: ['test/support/bundles/gateway.ts'],
  fileParallelism: false,
  testTimeout: 60_000,
  hookTimeout: 60_000,
};

const wrangler = { configPath: fileURLToPath(new URL('../wrangler.toml', import.meta.url)) };

export default defineConfig({
  test: {
    root: fileURLToPath(new URL('..', import.meta.url)),
    projects: [
      { test: core },
      { test: edge, plugins: [cloudflareTest({ wrangler, miniflare: { bindings: edgeBindings } })] },
      { test: http },
      { test: clients },
      { test: apart },
      { test: money },
      { test: metrics },
      { test: survival },
      { test: security },
      { test: browser },
      { test: postgres },
      { test: pod },
      { test: real },
    ],
  },
});
