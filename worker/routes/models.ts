/** `GET /v1/models` and `/v1/models/:id`: what may stand in a request's `model` field, and what each model can do. */
import type { Context } from 'hono';
import { type Config, modelOf } from '../../shared/config-prepare.ts';
import { reservedModelNames } from '../../shared/config-check.ts';
import { GatewayError } from '../../shared/errors.ts';
import type { KeyRecord } from '../core/auth/key-record.ts';
import type { HealthSnapshot } from '../core/health/snapshot.ts';
import { patternTarget, unknownModel } from '../core/route/model-names.ts';
import type { Deps } from '../deps.ts';
import type { AppEnv } from '../middleware/context.ts';

/** OpenAI's required `created`: the real date is not recorded, so it is always 2025-01-01. */
const created = 1_735_689_600;

export function listModels(deps: Deps): (c: Context<AppEnv>) => Promise<Response> {
  return async (c) => {
    const { config } = deps.pipeline;
    const snapshot = await deps.pipeline.health.snapshot((work) => c.executionCtx.waitUntil(work));
    const ids = idsFor(config, c.get('key'));
    const names = namesFor(config, ids);
    const data = [
      ...ids.map((id) => describeModel(config, id, snapshot)),
      ...names.map((name) => describeName(config, name, ids, snapshot)),
    ];
    // The last three are Anthropic's; all of them are on one page.
    return c.json({
      object: 'list',
      data,
      first_id: data[0]?.['id'] ?? null,
      last_id: data.at(-1)?.['id'] ?? null,
      has_more: false,
    });
  };
}

export function getModel(deps: Deps): (c: Context<AppEnv>) => Promise<Response> {
  return async (c) => {
    const { config } = deps.pipeline;
    // Served names hold a slash, so the id is the rest of the path.
    const name = decodeName(c.req.path.slice('/v1/models/'.length));
    const id = config.modelIdByName.get(name);
    const ids = idsFor(config, c.get('key'));
    const snapshot = await deps.pipeline.health.snapshot((work) => c.executionCtx.waitUntil(work));
    if (id !== undefined && ids.includes(id)) return c.json(describeModel(config, id, snapshot));
    const names = namesFor(config, ids);
    if (names.includes(name)) return c.json(describeName(config, name, ids, snapshot));
    const target = patternTarget(name, config);
    if (target !== null && (names.includes(target) || ids.includes(target)))
      return c.json({ ...describeName(config, target, ids, snapshot), id: name, display_name: name });
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
    ([alias, target]) => (!alias.includes('*') && ways.includes(target)) || ids.includes(config.modelIdByName.get(target) ?? ''),
  );
  return [...ways, ...aliases.map(([alias]) => alias)];
}

function describeModel(config: Config, id: string, snapshot: HealthSnapshot): Record<string, unknown> {
  const model = modelOf(config, id);
  const room = roomOf(config, id, snapshot);
  return {
    ...listed(id),
    kind: model.kind,
    served_name: model.served_name,
    ...(model.kind === 'chat' ? { tier: model.tier, capabilities: model.capabilities } : {}),
    context_tokens: room,
    ...limitsOf(config, room, model.kind === 'chat'),
    price: model.price,
    health_status: snapshot.models[id]?.status ?? 'up',
  };
}

/** A name that leaves a choice has the limits of the roomiest model that it can lead to: a long request is only sent to one with the room. */
function describeName(config: Config, name: string, ids: readonly string[], snapshot: HealthSnapshot): Record<string, unknown> {
  const target = config.aliasTargets.get(name) ?? name;
  const own = config.modelIdByName.get(target);
  const chatIds = ids.filter((id) => Object.hasOwn(config.chatModels, id));
  const leadsTo =
    own !== undefined ? [own] : chatIds.filter((id) => target.startsWith('auto') || modelOf(config, id).tier === target);
  const room = Math.max(0, ...leadsTo.map((id) => roomOf(config, id, snapshot)));
  return { ...listed(name), routed: true, ...limitsOf(config, room, own === undefined || chatIds.includes(own)) };
}

/** What a model's servers have said of their context, or what is configured. */
function roomOf(config: Config, id: string, snapshot: HealthSnapshot): number {
  const rooms = Object.values(snapshot.instances)
    .filter(({ modelId }) => modelId === id)
    .map(({ contextTokens }) => contextTokens ?? 0);
  return Math.max(0, ...rooms) || modelOf(config, id).context_tokens;
}

/** OpenAI's keys, and Anthropic's. */
function listed(id: string): Record<string, unknown> {
  const createdAt = new Date(created * 1000).toISOString();
  return { id, object: 'model', type: 'model', display_name: id, created, created_at: createdAt, owned_by: 'pointsman' };
}

/** Under the names that clients look for: OpenRouter's, vLLM's, Anthropic's. */
function limitsOf({ limits }: Config, room: number, writes: boolean): Record<string, unknown> {
  const most = Math.min(limits.max_completion_tokens, room);
  const output = writes ? { max_output_tokens: most, max_tokens: most } : {};
  return { context_length: room, max_model_len: room, max_input_tokens: room, ...output };
}
