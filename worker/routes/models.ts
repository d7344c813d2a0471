/** `GET /v1/models` and `/v1/models/:id`: what may stand in a request's `model` field, and what each model can do. */
import type { Context } from 'hono';
import { type Config, modelOf } from '../../shared/config-prepare.ts';
import { reservedModelNames } from '../../shared/config-check.ts';
import { GatewayError } from '../../shared/errors.ts';
import type { HealthSnapshot } from '../core/health/snapshot.ts';
import type { Deps } from '../deps.ts';
import type { AppEnv } from '../middleware/context.ts';

/** OpenAI's `created` for what has no date of its own: the day the models' entry was made is not recorded, so it is 2025-01-01. */
const created = 1_735_689_600;

export function listModels(deps: Deps): (c: Context<AppEnv>) => Promise<Response> {
  return async (c) => {
    const { config } = deps.pipeline;
    const snapshot = await deps.pipeline.health.snapshot((work) => c.executionCtx.waitUntil(work));
    const allowed = c.get('key').allowedModels;
    const ids = Object.keys(config.models).filter((id) => allowed === null || allowed.includes(id));
    const data = [
      ...ids.map((id) => describeModel(config, id, snapshot)),
      ...[...routable(config), ...config.aliasTargets.keys()].map(describeName),
    ];
    return c.json({ object: 'list', data });
  };
}

export function getModel(deps: Deps): (c: Context<AppEnv>) => Promise<Response> {
  return async (c) => {
    const { config } = deps.pipeline;
    // Served names hold a slash, so the id is the rest of the path.
    const name = decodeName(c.req.path.slice('/v1/models/'.length));
    const id = config.modelIdByName.get(name);
    const allowed = c.get('key').allowedModels;
    if (id !== undefined && (allowed === null || allowed.includes(id))) {
      const snapshot = await deps.pipeline.health.snapshot((work) => c.executionCtx.waitUntil(work));
      return c.json(describeModel(config, id, snapshot));
    }
    if (routable(config).includes(name) || config.aliasTargets.has(name)) return c.json(describeName(name));
    throw new GatewayError({ code: 'model_not_found', param: 'model' });
  };
}

/** The name behind a percent-encoded path; one that is no UTF-8 stays as it is, and no model has it. */
function decodeName(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** Ways of choosing that have at least one model behind them. */
function routable(config: Config): string[] {
  const tiers = new Set<string>(Object.values(config.models).map((model) => model.tier));
  return [...reservedModelNames].filter((name) => name.startsWith('auto') || tiers.has(name));
}

function describeModel(config: Config, id: string, snapshot: HealthSnapshot): Record<string, unknown> {
  const model = modelOf(config, id);
  return {
    id,
    object: 'model',
    created,
    owned_by: 'pointsman',
    served_name: model.served_name,
    tier: model.tier,
    capabilities: model.capabilities,
    context_tokens: model.context_tokens,
    price: model.price,
    health_status: snapshot.models[id]?.status ?? 'up',
  };
}

function describeName(name: string): Record<string, unknown> {
  return { id: name, object: 'model', created, owned_by: 'pointsman', routed: true };
}
