/** What a survival scenario is: it starts what it needs, does harm, and returns what became of the promises. */
import type { Bundle } from '../../../infra/rig/bundle.ts';
import { readAnswer } from '../../../infra/rig/chat-client.ts';
import type { GatewayUnderTest } from '../../../infra/rig/connect.ts';
import { pause } from '../../../infra/rig/waiting.ts';
import type { PromiseRow } from '../promise-table.ts';

export interface Scenario {
  /** For `--only`. */
  readonly name: string;
  /** A sentence of behaviour. */
  readonly title: string;
  run(bundle: Bundle): Promise<readonly PromiseRow[]>;
}

export interface Recovery {
  /** Until any model answered, ms; null for never. */
  readonly firstMs: number | null;
  /** Until the primary model answered at its first try. */
  readonly primaryMs: number | null;
}

/** Asks until the small model answers again, from the moment of the call. */
export async function recover(gateway: GatewayUnderTest, withinMs: number): Promise<Recovery> {
  const startedAtMs = performance.now();
  let firstMs: number | null = null;
  while (performance.now() - startedAtMs < withinMs) {
    const messages = [{ role: 'user', content: '[[tokens:12]]Name a harbour.' }];
    const { isSuccess, metadata } = readAnswer(await gateway.open({ model: 'small', messages }).answer);
    const sinceMs = performance.now() - startedAtMs;
    if (isSuccess) firstMs ??= sinceMs;
    if (isSuccess && !metadata.fallback_used && metadata.attempts === 1) return { firstMs, primaryMs: sinceMs };
    await pause(50);
  }
  return { firstMs, primaryMs: null };
}
