/** Which models may answer a request for vectors, labels or relevance: the one that was asked for, or the first of its kind, and its chain. */
import { type Config, modelOf } from '../../../shared/config-prepare.ts';
import type { Failure } from '../../../shared/errors.ts';
import { fail, ok, type Result } from '../../../shared/result.ts';
import { kinds } from '../pooling/kinds.ts';
import type { PoolingKind } from '../request/pooling-task.ts';
import { readWish, shown, unknownModel } from './model-names.ts';
import { byHealth, type InstanceInput, instances, type PlanInput, type RoutePlan } from './plan.ts';

export interface PoolingPlanInput extends InstanceInput, Pick<PlanInput, 'isUp' | 'allowedModels'> {
  readonly kind: PoolingKind;
  /** As the client wrote it; null when it leaves the choice. */
  readonly wish: string | null;
}

/** Fails where the deployment has no model of the kind, where the name is of none or of another kind, and where the key may not use it. */
export function planPooling(input: PoolingPlanInput): Result<RoutePlan, Failure> {
  const { config, kind, wish } = input;
  const ofKind = config.modelIdsByKind[kind];
  if (ofKind.length === 0) return fail(noneSetUp(kind));
  const isAllowed = (id: string): boolean => input.allowedModels === null || input.allowedModels.has(id);
  const allowed = ofKind.filter(isAllowed);
  const use = allowed.length === 0 ? 'The key may use none of this kind.' : `Use ${oneOf(allowed)}.`;
  const named = wish === null ? ok(null) : readNamed(wish, kind, config, use);
  if (!named.ok) return named;
  const wanted = named.value ?? allowed[0];
  if (wanted === undefined || !isAllowed(wanted)) return fail({ code: 'model_not_allowed', param: 'model', detail: use });
  const modelIds = [wanted, ...(config.routing.chains[wanted] ?? [])].filter(isAllowed);
  const reason = named.value === null ? `${wanted} is the first ${kinds[kind].noun}` : `${wanted} was asked for`;
  return ok(planOf(input, modelIds, reason, named.value !== null));
}

function planOf(input: PoolingPlanInput, modelIds: readonly string[], reason: string, isForced: boolean): RoutePlan {
  const ordered = byHealth(modelIds, input);
  const [first = null] = ordered;
  const [primary = null] = modelIds;
  const candidates = ordered.flatMap((id) => instances(id, input, id === first ? reason : `stands in for ${first}`));
  const why = first === primary ? reason : `${reason}; ${first} instead of ${primary}: it is down`;
  return {
    // Tier and strategy say nothing of such a request; nobody reads them.
    decision: {
      tier: 'small',
      strategy: 'cost',
      modelId: first,
      primaryModelId: primary,
      isForced,
      rule: 'model',
      reason: why,
      rejected: [],
    },
    plan: { candidates, requiredContextTokens: 1 },
    failure: null,
  };
}

export function noneSetUp(kind: PoolingKind): Failure {
  const { noun } = kinds[kind];

  return { code: 'model_not_found', param: 'model', sentence: `No ${noun} is set up here.` };
}

function readNamed(wish: string, kind: PoolingKind, config: Config, use: string): Result<string, Failure> {
  const read = readWish(wish, config);
  if (read === null) return fail({ ...unknownModel(wish), detail: use });
  const modelId = read.kind === 'model' ? read.modelId : null;
  const own = modelId === null ? 'chat' : modelOf(config, modelId).kind;
  if (modelId !== null && own === kind) return ok(modelId);
  const sentence = `The model \`${shown(wish)}\` has kind ${own} and answers at ${kinds[own].path}, not at ${kinds[kind].path}.`;
  return fail({ code: 'invalid_value', param: 'model', sentence, detail: use });
}

const maxNames = 20;

function oneOf(ids: readonly string[]): string {
  const shownIds = ids.slice(0, maxNames).join(', ');
  return ids.length === 1 ? shownIds : `one of: ${shownIds}`;
}
