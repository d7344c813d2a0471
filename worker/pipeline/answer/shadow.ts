/**
 * Shadow runs: after a client has its answer, a share of requests is asked of another model as well, unseen, while that one has room to
 * spare. What is kept is how far the answers agree and what the second one cost; where a deployment learns from its own traffic, also how
 * good both were.
 */
import { contentOf } from '../../core/answer/choice.ts';
import { agreement } from '../../core/route/agreement.ts';
import { shadowOf } from '../../core/route/experiment.ts';
import type { Run } from '../run/run.ts';
import { partsOf } from '../run/spent.ts';
import { learnFrom } from './learn.ts';
import { askUnseen, mayAskUnseen } from './unseen.ts';

/** Starts a shadow run in the background if this request is one of the share; never touches the client's answer. */
export function shadow(run: Run): void {
  const { deps, asked, spent, client } = run;
  const { caller, conversation } = asked;
  const modelId = shadowOf(deps.config.routing.experiments, conversation?.unit ?? caller.requestId);
  const [choice] = partsOf(spent).flatMap(({ answer }) => [...answer.state.choices.values()]);
  if (choice === undefined) return;
  if (modelId === null || modelId === client.servedModelId || contentOf(choice) === '') return learnFrom(run, choice);
  if (!mayAskUnseen(run, modelId)) return;
  const shown = contentOf(choice);
  caller.trace?.enter('shadow');
  const call = {
    modelId,
    name: `${client.servedModelId}|${modelId}`,
    asked,
    agreementOf: (unseen: typeof choice | undefined) => agreement(shown, unseen === undefined ? '' : contentOf(unseen)),
  };
  caller.background(
    askUnseen(run, call).then(
      () => undefined,
      () => undefined,
    ),
  );
}
