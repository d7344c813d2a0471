/** Types of the test runtime, and what `env` holds in it. */
/// <reference types="@cloudflare/vitest-plugin/types" />
import type { Env as WorkerEnv } from '../../worker/env.ts';

declare global {
  namespace Cloudflare {
    interface Env extends WorkerEnv {}
  }
}
