/** `GET /stats` and `/router/info`: for operators, from the ledger object and the loaded configuration. */
import type { Context } from 'hono';
import type { Deps } from '../deps.ts';
import type { AppEnv } from '../middleware/context.ts';

export function stats(deps: Deps): (c: Context<AppEnv>) => Promise<Response> {
  return async (c) => c.json(await deps.pipeline.ledger.read(deps.pipeline.config.routing));
}

/** What this deployment would do with a request, without its secrets and addresses. */
export function routerInfo(deps: Deps): (c: Context<AppEnv>) => Response {
  return (c) => {
    const { profile, models, routing, limits } = deps.pipeline.config;
    return c.json({
      profile,
      models: Object.fromEntries(
        Object.entries(models).map(
          ([id, { served_name, tier, capabilities, context_tokens, tool_formats, reasoning, price }]) => [
            id,
            { served_name, tier, capabilities, context_tokens, tool_formats, reasoning, price },
          ],
        ),
      ),
      classifier: routing.classifier,
      intent: routing.intent,
      aliases: routing.aliases,
      fallback_chains: routing.chains,
      retry: routing.retry,
      health_check: routing.health,
      streaming: routing.streaming,
      limits,
    });
  };
}
