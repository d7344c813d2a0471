/**
 * Test projects. `core` runs the pure parts in Node in milliseconds; `http` drives the Worker under `wrangler dev` with stand-in model
 * servers, from outside, one file at a time because they share a gateway; `edge` runs inside workerd, beside the Durable Objects.
 */
import { defineConfig } from 'vitest/config';

const http = {
  name: 'http',
  include: ['test/http/**/*.test.ts'],
  environment: 'node',
  globalSetup: ['test/support/http/global-setup.ts'],
  fileParallelism: false,
  isolate: false,
  maxConcurrency: 4,
  testTimeout: 30_000,
  hookTimeout: 60_000,
};

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    projects: [
      { test: { name: 'core', include: ['test/core/**/*.test.ts', 'test/pipeline/**/*.test.ts'], environment: 'node' } },
      { test: http },
    ],
  },
});
