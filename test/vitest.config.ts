/**
 * Test projects. `core` runs the pure parts in Node in milliseconds; `edge` runs inside workerd, beside the Worker and its Durable
 * Objects; `http` drives the Worker under `wrangler dev` with stand-in model servers, from outside, one file at a time because they share
 * a gateway.
 */
import { fileURLToPath, URL } from 'node:url';
import { cloudflareTest } from '@cloudflare/vitest-plugin';
import { defineConfig } from 'vitest/config';
import { edgeBindings } from './edge/bindings.ts';

const core = {
  name: 'core',
  include: ['test/core/**/*.test.ts', 'test/pipeline/**/*.test.ts'],
  environment: 'node',
};

const edge = {
  name: 'edge',
  include: ['test/edge/**/*.test.ts'],
  testTimeout: 20_000,
};

const http = {
  name: 'http',
  include: ['test/http/**/*.test.ts', 'test/contract/**/*.test.ts'],
  exclude: ['test/contract/tool-corpus.test.ts'],
  environment: 'node',
  globalSetup: ['test/support/http/global-setup.ts', 'test/support/bundles/gateway.ts'],
  fileParallelism: false,
  isolate: false,
  maxConcurrency: 4,
  testTimeout: 30_000,
  hookTimeout: 60_000,
};

/** Suites that start gateways of their own: other profiles, other tool formats. */
const apart = {
  name: 'apart',
  include: ['test/contract/tool-corpus.test.ts', 'test/seeds/**/*.test.ts'],
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

const wrangler = { configPath: fileURLToPath(new URL('../wrangler.toml', import.meta.url)) };

export default defineConfig({
  test: {
    root: fileURLToPath(new URL('..', import.meta.url)),
    projects: [
      { test: core },
      { test: edge, plugins: [cloudflareTest({ wrangler, miniflare: { bindings: edgeBindings } })] },
      { test: http },
      { test: apart },
      { test: money },
      { test: survival },
      { test: security },
    ],
  },
});
