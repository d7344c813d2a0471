/**
 * What a deployment learns from an answer that was routed by its content: it may be rated later, and for a share of such requests the other
 * model is asked as well, so that both answers can be graded. All of it in the background.
 */
import { modelOf } from '../../../shared/config-prepare.ts';
import { type Choice, contentOf } from '../../core/answer/choice.ts';
import { normalisePrice } from '../../core/cost/price.ts';
import { promptTokensBound, worstCaseCost } from '../../core/cost/worst-case.ts';
import { readLearnFeatures } from '../../core/classify/adaptive/features.ts';
import { type GivenText, gradePair, isForJudge, judgePrompt, readVerdict } from '../../core/learn/grade.ts';
import { learnedPair } from '../../core/learn/pair.ts';
import { type Grades, outcomeId, type ShownAnswer, type Side } from '../../core/learn/ports.ts';
import { agreement } from '../../core/route/agreement.ts';
import { mostTokens } from '../run/asked.ts';
import { isAnsweredByFallback, type Run } from '../run/run.ts';
import { isEscalated } from '../run/tried.ts';
import { askUnseen, mayAskUnseen } from './unseen.ts';

/** Both calls together must be over before the platform ends what goes on in the background. */
const shadowMs = 15_000;
const judgeMs = 7000;
const verdictTokens = 16;

/** Does nothing unless the router chose between the two models that it learns about. */
export function learnFrom(run: Run, choice: Choice): void {
  const { deps, asked } = run;
  const { learning } = deps;
  const answer = learning === null ? null : shownOf(run);
  if (learning === null || answer === null) return;
  const { routing } = deps.config;
  const { background } = asked.caller;
  const other = learnedPair(deps.config)?.[answer.shown === 'small' ? 'large' : 'small'];
  const isShadowed = deps.random() < routing.learning.shadow_share && asked.view.images === 0;
  if (isShadowed && other !== undefined && mayAskUnseen(run, other))
    background(compare(run, answer, other, givenOf(choice)).catch(() => undefined));
  else if (routing.learning.feedback) learning.keep(answer, background);
}

/** Null for an answer that says nothing of the router's choice. */
function shownOf(run: Run): ShownAnswer | null {
  const { deps, asked, tried, spent, client } = run;
  const { servedModelId: modelId } = client;
  const { learned } = asked.classification;
  const pair = learnedPair(deps.config);
  if (learned === null || modelId === null || pair === null || spent.given !== null || asked.request.choiceCount > 1) return null;
  if (tried.route.decision.rule !== 'complexity' || isAnsweredByFallback(run) || isEscalated(tried)) return null;
  const shown: Side | null = modelId === pair.small ? 'small' : modelId === pair.large ? 'large' : null;
  if (shown === null) return null;
  const { key, requestId } = asked.caller;
  return { id: outcomeId(key.id, requestId), shown, modelId, features: readLearnFeatures(asked.view, learned) };
}

async function compare(run: Run, answer: ShownAnswer, other: string, shown: GivenText): Promise<void> {
  const { deps, asked } = run;
  const { learning } = deps;
  if (learning === null) return;
  const { grading, judge_model: judge = null, feedback } = deps.config.routing.learning;
  const judgeId = grading === 'judge' ? judge : null;
  const mostNanoUsd = worstCost(run, other) + (judgeId === null ? 0 : worstCost(run, judgeId));
  if (!(await learning.mayShadow(mostNanoUsd))) {
    if (feedback) learning.keep(answer, asked.caller.background);
    return;
  }
  asked.caller.trace?.enter('shadow');
  let grades: Grades | null = null;
  let nanoUsd = 0;
  try {
    const unseen = await askUnseen(run, {
      modelId: other,
      name: `${answer.modelId}|${other}`,
      asked,
      agreementOf: (choice) => agreement(shown.content, choice === undefined ? '' : contentOf(choice)),
      withinMs: shadowMs,
    });
    nanoUsd = unseen?.costNanoUsd ?? 0;
    if (unseen !== null && unseen.choice !== null) {
      const given = givenOf(unseen.choice);
      const [small, large] = answer.shown === 'small' ? [shown, given] : [given, shown];
      if (judgeId === null || !isForJudge(asked.request, small, large)) grades = gradePair(asked.request, small, large);
      else {
        const verdict = await askJudge(run, judgeId, small.content, large.content);
        grades = verdict.grades;
        nanoUsd += verdict.nanoUsd;
      }
    }
  } finally {
    await learning.shadowed(answer, grades, { mostNanoUsd, nanoUsd });
    if (grades === null && feedback) learning.keep(answer, asked.caller.background);
  }
}

async function askJudge(
  run: Run,
  modelId: string,
  small: string,
  large: string,
): Promise<{ grades: Grades | null; nanoUsd: number }> {
  const { deps, asked } = run;
  const isSwapped = deps.random() < 0.5;
  const content = judgePrompt(asked.view.text, small, large, isSwapped);
  const request = {
    model: modelId,
    messages: [{ role: 'user' as const, content }],
    choiceCount: 1,
    sampling: { temperature: 0 },
    isStream: false,
    showsUsage: false,
    continuesLast: false,
    extras: {},
  };
  const judged = await askUnseen(run, {
    modelId,
    name: `judge|${modelId}`,
    asked: { ...asked, request, maxTokens: verdictTokens, format: null },
    agreementOf: () => null,
    withinMs: judgeMs,
  });
  const said = judged?.choice == null ? '' : contentOf(judged.choice);
  return { grades: readVerdict(said, isSwapped), nanoUsd: judged?.costNanoUsd ?? 0 };
}

function givenOf(choice: Choice): GivenText {
  return {
    content: contentOf(choice),
    calls: choice.calls,
    isInvalid: choice.violations !== null || choice.hasBrokenCall,
  };
}

function worstCost({ deps, asked }: Run, modelId: string): number {
  const { price, context_tokens: contextTokens } = modelOf(deps.config, modelId);
  const promptTokens = promptTokensBound({ bodyBytes: asked.caller.bodyBytes, hasImages: false, contextTokens });
  return worstCaseCost([normalisePrice(price)], { promptTokens, completionTokens: mostTokens(asked) });
}
