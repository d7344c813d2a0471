/**
 * The values that labels may have: from the configuration and from lists in the code, never from a request. So clients' invented models,
 * agents, paths and keys make no series.
 */
import { errors } from '../../../shared/errors.ts';
import { cacheLevelIds, cacheStateIds, endingIds, intentBandIds } from '../../../shared/records.ts';
import { intentIds, tierIds } from '../../../shared/config-values.ts';
import { budgetPeriodIds } from '../../../shared/key-bodies.ts';
import type { Config } from '../../../shared/config-prepare.ts';
import { podPhases, podTroubles } from '../health/snapshot.ts';
import { otherName } from '../ledger/counters.ts';
import { noName } from '../ledger/dimensions.ts';

export const tokenKinds = ['prompt', 'completion', 'cached', 'reasoning', 'estimated'] as const;
export const alertCodes = ['escalation_rate', 'score_drift'] as const;
/** Why rows of the request log were lost. */
export const rowLossIds = ['dropped', 'refused'] as const;
/** Classes of Durable Objects. */
const objectClasses = ['admission', 'collection', 'health', 'keys', 'learn', 'ledger', 'rows', 'session', 'tenant'] as const;

/** What may become of a document. */
export const documentChanges = ['created', 'replaced', 'updated', 'unchanged', 'deleted'] as const;
/** Before an answer from documents begins. */
export const documentSteps = ['embed', 'search', 'rerank'] as const;

/** `other` is there from the start where names may come from outside: the first of them makes no series either. */
const models = ({ models: configured }: Config): string[] => [...Object.keys(configured), noName, otherName];
const intents = [...intentIds, noName];

const valuesOf = {
  model: models,
  from_model: models,
  to_model: models,
  intent: () => intents,
  status: () => endingIds,
  confidence: () => intentBandIds,
  error_type: () => [...new Set(Object.values(errors).map(({ type }) => type))],
  kind: () => tokenKinds,
  tier: () => tierIds,
  cache: () => cacheStateIds,
  level: () => cacheLevelIds,
  code: () => Object.keys(errors),
  alert: () => alertCodes,
  agent: ({ routing }) => [...Object.keys(routing.agents), noName, otherName],
  budget: ({ routing, pods }) => [
    'total',
    ...Object.keys(routing.agents).map((agent) => `agent:${agent}`),
    ...Object.keys(pods).map((pod) => `spill:${pod}`),
    ...(routing.last_resort === undefined ? [] : ['last_resort']),
  ],
  pod: ({ pods }) => Object.keys(pods),
  phase: () => podPhases,
  trouble: () => podTroubles,
  period: () => budgetPeriodIds,
  upstream: ({ upstreams }) => Object.keys(upstreams),
  tunnel: ({ upstreams }) => [...new Set(Object.values(upstreams).map(({ tunnel }) => tunnel))],
  breaker: () => ['closed', 'half_open', 'open'],
  object: () => objectClasses,
  loss: () => rowLossIds,
  change: () => documentChanges,
  step: () => documentSteps,
} as const satisfies Readonly<Record<string, (config: Config) => readonly string[]>>;

export type LabelId = keyof typeof valuesOf;

/** The values that a label may have. Whatever else is read becomes `other`. */
export function labelValues(label: LabelId, config: Config): readonly string[] {
  return valuesOf[label](config);
}

/** The value itself if the label knows it; everything else is `other`. */
export function knownValue(known: ReadonlySet<string>, value: string): string {
  return known.has(value) ? value : otherName;
}
