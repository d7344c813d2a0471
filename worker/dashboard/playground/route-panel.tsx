/** Where the prompt would go, and why: asked of the gateway without running a model. */
import { percent, words } from '../data/format.ts';
import { Panel } from '../parts/panel.tsx';
import { ScorePicture } from '../requests/score-picture.tsx';
import type { RouteExplanation } from './route-explanation.ts';

export function RoutePanel({ route }: { readonly route: RouteExplanation }) {
  const { decision, plan, explain } = route;
  const facts = [
    `tier ${decision.tier}`,
    `intent ${decision.intent} (${percent(decision.confidence, 1)} sure)`,
    `strategy ${decision.strategy}`,
    `decided by ${words(decision.rule)}`,
  ];
  return (
    <Panel title="Why it goes where it goes" when={decision.model_id ?? 'to no model'}>
      <div class="route">
        <p class="request-reason">{decision.reason}</p>
        <p class="soft">{facts.join(' · ')}</p>
        {decision.error !== undefined && <p class="bad">{words(decision.error)}</p>}
        {!decision.is_forced && (
          <ScorePicture
            score={decision.score}
            threshold={explain.threshold.effective}
            signals={explain.signals.map(({ id, value, contribution }) => ({ name: id, value, part: contribution }))}
          />
        )}
        <section class="detail">
          <h3>Plan</h3>
          {plan.length === 0 && <p class="soft">No model can take it.</p>}
          <ol class="plan">
            {plan.map(({ model_id: model, upstream, reason }) => (
              <li key={`${model} ${upstream}`}>
                <strong>{model}</strong> <span class="soft">{`on ${upstream}: ${reason}`}</span>
              </li>
            ))}
            {explain.rejected.map(({ model_id: model, reason }) => (
              <li key={`${model} left out`} class="soft">{`not ${model}: ${reason}`}</li>
            ))}
          </ol>
        </section>
      </div>
    </Panel>
  );
}
