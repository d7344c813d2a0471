/** `GET /stats` and `/router/info`: for operators, from the ledger object and the loaded configuration. */
import type { Context } from 'hono';
import type { Deps } from '../deps.ts';
import type { AppEnv } from '../middleware/context.ts';

/** The ledger's numbers; keys with the names that people gave them beside their ids. */
export function stats(deps: Deps): (c: Context<AppEnv>) => Promise<Response> {
  return async (c) => {
    const [{ keys, ...counted }, names] = await Promise.all([
      deps.pipeline.ledger.read(deps.pipeline.config.routing),
      keyNames(deps),
    ]);
    const named = Object.entries(keys).map(([id, group]) => [id, { name: names.get(id) ?? null, ...group }]);
    return c.json({ ...counted, keys: Object.fromEntries(named) });
  };
}

const pageSize = 500;
/** More keys than the statistics tell apart. */
const maxPages = 20;

/** Names by id; the bootstrap key is in no list and has none. */
async function keyNames({ keys }: Deps): Promise<Map<string, string>> {
  const names = new Map<string, string>();
  let after = '';
  for (let page = 0; page < maxPages; page += 1) {
    const records = await keys.list(after, pageSize);
    for (const { id, name } of records) names.set(id, name);
    after = records.at(-1)?.id ?? '';
    if (records.length < pageSize) break;
  }
  return names;
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
