/** `GET /v1/models` and `/v1/models/:id`: what may stand in a request's `model` field, and what each model can do. */
import type { Context } from 'hono';
import { type Config, modelOf } from '../../shared/config-prepare.ts';
import { reservedModelNames } from '../../shared/config-check.ts';
import { GatewayError } from '../../shared/errors.ts';
import type { KeyRecord } from '../core/auth/key-record.ts';
import type { HealthSnapshot } from '../core/health/snapshot.ts';
import { unknownModel } from '../core/route/model-names.ts';
import type { Deps } from '../deps.ts';
import type { AppEnv } from '../middleware/context.ts';

/** OpenAI's required `created`: the real date is not recorded, so it is always 2025-01-01. */
const created = 1_735_689_600;

export function listModels(deps: Deps): (c: Context<AppEnv>) => Promise<Response> {
  return async (c) => {
    const { config } = deps.pipeline;
    const snapshot = await deps.pipeline.health.snapshot((work) => c.executionCtx.waitUntil(work));
    const ids = idsFor(config, c.get('key'));
    const data = [...ids.map((id) => describeModel(config, id, snapshot)), ...namesFor(config, ids).map(describeName)];
    return c.json({ object: 'list', data });
  };
}

export function getModel(deps: Deps): (c: Context<AppEnv>) => Promise<Response> {
  return async (c) => {
    const { config } = deps.pipeline;
    // Served names hold a slash, so the id is the rest of the path.
    const name = decodeName(c.req.path.slice('/v1/models/'.length));
    const id = config.modelIdByName.get(name);
    const ids = idsFor(config, c.get('key'));
    if (id !== undefined && ids.includes(id)) {
      const snapshot = await deps.pipeline.health.snapshot((work) => c.executionCtx.waitUntil(work));
      return c.json(describeModel(config, id, snapshot));
    }
    if (namesFor(config, ids).includes(name)) return c.json(describeName(name));
    throw new GatewayError(unknownModel(name));
  };
}

/** The decoded name; one that is not valid UTF-8 stays encoded, and no model has it. */
function decodeName(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** The models that a key may use. */
function idsFor(config: Config, { allowedModels }: Pick<KeyRecord, 'allowedModels'>): string[] {
  return Object.keys(config.models).filter((id) => allowedModels === null || allowedModels.includes(id));
}

/** `auto`, tiers and aliases that can lead to at least one of these models. */
function namesFor(config: Config, ids: readonly string[]): string[] {
  const chatIds = ids.filter((id) => Object.hasOwn(config.chatModels, id));
  const tiers = new Set<string>(chatIds.map((id) => modelOf(config, id).tier));
  const isOpen = (name: string): boolean => (name.startsWith('auto') ? chatIds.length > 0 : tiers.has(name));
  const ways = [...reservedModelNames].filter(isOpen);
  const aliases = [...config.aliasTargets].filter(
    ([, target]) => ways.includes(target) || ids.includes(config.modelIdByName.get(target) ?? ''),
  );
  return [...ways, ...aliases.map(([alias]) => alias)];
}

function describeModel(config: Config, id: string, snapshot: HealthSnapshot): Record<string, unknown> {
  const model = modelOf(config, id);
  const rooms = Object.values(snapshot.instances)
    .filter(({ modelId }) => modelId === id)
    .map(({ contextTokens }) => contextTokens ?? 0);
  return {
    id,
    object: 'model',
    created,
    owned_by: 'pointsman',
    kind: model.kind,
    served_name: model.served_name,
    ...(model.kind === 'chat' ? { tier: model.tier, capabilities: model.capabilities } : {}),
    context_tokens: Math.max(0, ...rooms) || model.context_tokens,
    price: model.price,
    health_status: snapshot.models[id]?.status ?? 'up',
  };
}

function describeName(name: string): Record<string, unknown> {
  return { id: name, object: 'model', created, owned_by: 'pointsman', routed: true };
}
