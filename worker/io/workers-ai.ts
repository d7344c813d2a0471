/** Models of the platform itself, behind a binding: the same port as servers with an address. */
import { fail, ok } from '../../shared/result.ts';
import type { UpstreamPort } from '../core/ports.ts';
import { FetchedAnswer } from './upstream-fetch.ts';

/** What of the binding is used. With `returnRawResponse` the answer keeps its status and its digits. */
interface AiBinding {
  run(
    model: string,
    input: unknown,
    options: { readonly returnRawResponse: true; readonly signal: AbortSignal },
  ): Promise<Response>;
}

function isAiBinding(value: unknown): value is AiBinding {
  return typeof value === 'object' && value !== null && 'run' in value && typeof value.run === 'function';
}

/** @param bound what the environment holds, by name @param others the port of upstreams with an address */
export function createWorkersAiPort(
  bound: Readonly<Record<string, unknown>>,
  upstreams: Readonly<Record<string, { readonly binding?: string | undefined }>>,
  others: UpstreamPort,
): UpstreamPort {
  const bindings = new Map<string, AiBinding>();
  for (const [id, { binding }] of Object.entries(upstreams)) {
    const value = binding === undefined ? null : bound[binding];
    if (isAiBinding(value)) bindings.set(id, value);
  }
  if (bindings.size === 0) return others;
  return {
    async open(call) {
      const binding = bindings.get(call.upstreamId);
      if (binding === undefined) return others.open(call);
      // A probe: nothing answers to one, and asking a model would cost.
      if (call.body === null) return ok(new FetchedAnswer(new Response('')));
      try {
        const response = await binding.run(call.path, JSON.parse(call.body), { returnRawResponse: true, signal: call.signal });
        return ok(new FetchedAnswer(response));
      } catch {
        return fail({ code: 'upstream_unreachable' });
      }
    },
  };
}
