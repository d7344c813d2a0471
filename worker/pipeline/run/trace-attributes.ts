/** A run in the words of OpenTelemetry's conventions for generative models (`gen_ai.*`), and in ours for what they have no word for. */
import { modelOf } from '../../../shared/config-prepare.ts';
import type { ModelKind } from '../../../shared/config.ts';
import { errors } from '../../../shared/errors.ts';
import type { LedgerEntry } from '../../../shared/records.ts';
import { usdFromNanoUsd } from '../../../shared/units.ts';
import type { Candidate } from '../../core/route/attempt.ts';
import type { Attributes } from '../../core/trace/trace.ts';
import type { Parts } from './run.ts';

/** Of the call of a model server, as far as it is known when it begins. */
export function callAttributes({ deps, asked, tried }: Parts<'deps' | 'asked' | 'tried'>, candidate: Candidate): Attributes {
  const { sampling, choiceCount } = asked.request;
  const { upstreamId, modelId } = candidate;
  return {
    'gen_ai.operation.name': operationOf(asked.pooled?.kind ?? 'chat'),
    'gen_ai.provider.name': deps.config.upstreams[upstreamId]?.dialect ?? null,
    'gen_ai.request.model': modelOf(deps.config, modelId).served_name,
    'gen_ai.request.max_tokens': asked.maxTokens,
    'gen_ai.request.choice.count': choiceCount,
    'gen_ai.request.temperature': sampling.temperature ?? null,
    'pointsman.model': modelId,
    'pointsman.upstream': upstreamId,
    'pointsman.attempt': tried.calls,
  };
}

/** The conventions have a word for vectors; the others are ours. */
function operationOf(kind: ModelKind): string {
  return kind === 'embedding' ? 'embeddings' : kind;
}

/** Of the whole request, when it has ended. */
export function requestTrace(
  entry: LedgerEntry,
  path: string,
  kind: ModelKind = 'chat',
): { name: string; attributes: Attributes; isError: boolean } {
  const sum = (pick: (usage: LedgerEntry['attemptUsages'][number]) => number) =>
    entry.attemptUsages.reduce((total, usage) => total + pick(usage), 0);
  return {
    name: `${operationOf(kind)} ${entry.requestedModel === entry.servedModel ? entry.requestedModel : (entry.servedModel ?? 'none')}`,
    isError: entry.errorCode !== null && errors[entry.errorCode].status >= 500,
    attributes: {
      'http.request.method': 'POST',
      'url.path': path,
      'gen_ai.operation.name': operationOf(kind),
      'gen_ai.request.model': entry.routedModel,
      'gen_ai.response.model': entry.servedModel,
      'gen_ai.usage.input_tokens': sum(({ usage }) => usage.promptTokens),
      'gen_ai.usage.output_tokens': sum(({ usage }) => usage.completionTokens),
      'error.type': entry.errorCode,
      'pointsman.request_id': entry.requestId,
      'pointsman.key_id': entry.keyId,
      'pointsman.agent': entry.agent,
      'pointsman.ending': entry.ending,
      'pointsman.tier': entry.tier,
      'pointsman.intent': entry.intent,
      'pointsman.score': entry.scored?.score ?? null,
      'pointsman.rule': entry.rule,
      'pointsman.attempts': entry.attempts,
      'pointsman.fallback_used': entry.fallbackUsed,
      'pointsman.escalated': entry.escalated,
      'pointsman.rescued': entry.rescued,
      'pointsman.cost_usd': usdFromNanoUsd(entry.costNanoUsd),
      'pointsman.time_to_first_token_ms': entry.firstByteMs,
    },
  };
}
