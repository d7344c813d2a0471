/**
 * What a deployment learns from an answer that was routed by its content: it may be rated later, and for a share of such requests the other
 * model is asked as well, so that both answers can be graded. All of it in the background.
 */
import { type Config, modelOf } from '../../../shared/config-prepare.ts';
import { type Choice, contentOf } from '../../core/answer/choice.ts';
import { normalisePrice } from '../../core/cost/price.ts';
import { promptTokensBound, worstCaseCost } from '../../core/cost/worst-case.ts';
import { readLearnFeatures } from '../../core/classify/adaptive/features.ts';
import { buildView } from '../../core/classify/view.ts';
import { type GivenText, gradePair, isForJudge, judgePrompt, judgePromptBytes, readVerdict } from '../../core/learn/grade.ts';
import { learnedPair } from '../../core/learn/pair.ts';
import { type Compared, type Grades, outcomeId, type ShownAnswer, type Side } from '../../core/learn/ports.ts';
import { agreement } from '../../core/route/agreement.ts';
import { mostTokens } from '../run/asked.ts';
import { isAnsweredByFallback, type Run } from '../run/run.ts';
import { isEscalated } from '../run/tried.ts';
import { askUnseen, mayAskUnseen } from './unseen.ts';

/** Both calls together must be over before the platform ends what goes on in the background. */
const shadowMs = 15_000;
const judgeMs = 7000;
/** A verdict has five; models that think before they speak need the rest. */
const verdictTokens = 512;

/** Does nothing unless the router chose between the two models that it learns about. */
export function learnFrom(run: Run, choice: Choice): void {
  const { deps, asked } = run;
  const { learning } = deps;
  const answer = learning === null ? null : shownOf(run);
  if (learning === null || answer === null) return;
  const { shadow_share: share, feedback } = deps.config.routing.learning;
  const { background } = asked.caller;
  // Before any comparison, which takes seconds: clients rate an answer as soon as they have it.
  if (feedback) learning.keep(answer, background);
  const other = learnedPair(deps.config)?.[answer.shown === 'small' ? 'large' : 'small'];
  if (other === undefined || deps.random() >= share || asked.view.images > 0) return;
  const judgeId = judgeOf(deps.config);
  // What a key may not use does not read its requests either.
  if (mayAskUnseen(run, other) && (judgeId === null || mayAskUnseen(run, judgeId)))
    background(compare(run, answer, { other, judgeId }, givenOf(choice)).catch(() => undefined));
}

function judgeOf({ routing }: Pick<Config, 'routing'>): string | null {
  const { grading, judge_model: judge = null } = routing.learning;
  return grading === 'judge' ? judge : null;
}

/** Null for an answer that says nothing of the router's choice. */
function shownOf(run: Run): ShownAnswer | null {
  const { deps, asked, tried, spent, client } = run;
  const { servedModelId: modelId } = client;
  const { learned } = asked.classification;
  const pair = learnedPair(deps.config);
  if (learned === null || modelId === null || pair === null || spent.given !== null || asked.request.choiceCount > 1) return null;
  // Whoever grades reads the last turn, and of a short reply that says nothing.
  if (asked.view.reply !== null) return null;
  if (tried.route.decision.rule !== 'complexity' || isAnsweredByFallback(run) || isEscalated(tried)) return null;
  const shown: Side | null = modelId === pair.small ? 'small' : modelId === pair.large ? 'large' : null;
  if (shown === null) return null;
  const { key, requestId } = asked.caller;
  return { id: outcomeId(key.id, requestId), shown, modelId, features: readLearnFeatures(asked.view, learned) };
}

interface Asking {
  readonly other: string;
  /** Null where answers are graded without one. */
  readonly judgeId: string | null;
}

async function compare(run: Run, answer: ShownAnswer, { other, judgeId }: Asking, shown: GivenText): Promise<void> {
  const { deps, asked } = run;
  const { learning } = deps;
  if (learning === null) return;
  const { bodyBytes } = asked.caller;
  const mostNanoUsd =
    worstCost(run, other, { bodyBytes, completionTokens: mostTokens(asked) }) +
    (judgeId === null ? 0 : worstCost(run, judgeId, { bodyBytes: judgePromptBytes, completionTokens: verdictTokens }));
  if (!(await learning.mayShadow(mostNanoUsd))) return;
  asked.caller.trace?.enter('shadow');
  let compared: Compared = 'not_asked';
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
    if (unseen !== null) compared = 'ungraded';
    if (unseen !== null && unseen.choice !== null) {
      const given = givenOf(unseen.choice);
      const [small, large] = answer.shown === 'small' ? [shown, given] : [given, shown];
      if (judgeId === null || !isForJudge(asked.request, small, large)) compared = gradePair(asked.request, small, large);
      else {
        const verdict = await askJudge(run, judgeId, small.content, large.content);
        compared = verdict.grades ?? 'ungraded';
        nanoUsd += verdict.nanoUsd;
      }
    }
  } finally {
    await learning.shadowed(answer, compared, { mostNanoUsd, nanoUsd });
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
    // What it reads has a size of its own, by which it is reserved for and, where the server tells no counts, booked.
    asked: {
      ...asked,
      caller: { ...asked.caller, bodyBytes: new TextEncoder().encode(content).byteLength },
      request,
      view: buildView(request),
      maxTokens: verdictTokens,
      format: null,
    },
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

function worstCost({ deps }: Run, modelId: string, most: { bodyBytes: number; completionTokens: number }): number {
  const { price, context_tokens: contextTokens } = modelOf(deps.config, modelId);
  const promptTokens = promptTokensBound({ bodyBytes: most.bodyBytes, hasImages: false, contextTokens });
  return worstCaseCost([normalisePrice(price)], { promptTokens, completionTokens: most.completionTokens });
}
