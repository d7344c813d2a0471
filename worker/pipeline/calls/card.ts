/** The GPU that a model's servers run on, and the part of its time that a call uses. */
import { type Config, modelOf } from '../../../shared/config-prepare.ts';
import type { GpuConfig } from '../../../shared/config.ts';
import { nanoUsdFromUsd } from '../../../shared/units.ts';
import { cardClock, type CardClock, type CardUse } from '../../core/cost/card-clock.ts';
import { rememberedByObject } from '../../core/text/remembered.ts';
import type { Parts } from '../run/run.ts';
import type { CallTimes } from '../run/timeline.ts';

interface Card {
  readonly clock: CardClock;
  readonly hourNanoUsd: number;
}

/** By model id; one per isolate. Models without a configured card are not there. */
const cardsOf = rememberedByObject(({ gpus }: Config): ReadonlyMap<string, Card> => {
  const cards = Object.values(gpus).map((gpu: GpuConfig) => {
    const card = { clock: cardClock(), hourNanoUsd: nanoUsdFromUsd(gpu.price_per_hour_usd) };
    return gpu.models.map((modelId) => [modelId, card] as const);
  });
  return new Map(cards.flat());
});

/** A call begins; null where its model has no configured card. */
export function useCard({ deps, asked }: Parts<'deps' | 'asked'>, modelId: string, startedAtMs: number): CardUse | null {
  const card = cardsOf(deps.config).get(modelId);
  if (card === undefined) return null;
  const { tokens_per_second: tokensPerSecond } = modelOf(deps.config, modelId).prefill;
  const promptMs = (1000 * asked.view.estimatedPromptTokens) / tokensPerSecond;
  return card.clock.begin(startedAtMs, promptMs, deps.admission.partOf(modelId));
}

/** What a call used that is over, or ends now. */
export function cardUseOf({ deps }: Parts<'deps'>, call: CallTimes | undefined) {
  const card = call === undefined ? undefined : cardsOf(deps.config).get(call.candidate.modelId);
  if (card === undefined || call?.gpu == null) return null;
  call.gpu.end(deps.clock.now());
  return { usedMs: call.gpu.usedMs(), hourNanoUsd: card.hourNanoUsd };
}
