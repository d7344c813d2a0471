/** Test projects: `core` runs the pure parts in Node in milliseconds. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    projects: [{ test: { name: 'core', include: ['test/core/**/*.test.ts', 'test/pipeline/**/*.test.ts'], environment: 'node' } }],
  },
});
