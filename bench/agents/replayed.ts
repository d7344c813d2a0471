/** A workload that was played once, made ready for simulated time: its tokens are known, who answers can be changed. */
import type { Outcome } from './play.ts';
import type { SimulatedRequest } from './simulate.ts';
import type { AgentPlan } from './workload/draw.ts';
import type { Label } from './workload/task.ts';

/** @param pick who answers a request @param think factor on the pauses of people */
export function replayed(
  agents: readonly AgentPlan[],
  outcomes: readonly Outcome[],
  pick: (outcome: Outcome) => Label,
  think = 1,
): SimulatedRequest[][] {
  const known = new Map(outcomes.map((outcome) => [`${outcome.task} ${outcome.turn} ${outcome.step}`, outcome]));
  return agents.map(({ tasks }) =>
    tasks.flatMap(({ id, turns }) =>
      turns.flatMap(({ toolResult, thinkMs, toolMs }, turn) =>
        (toolResult === null ? (['answer'] as const) : (['call', 'answer'] as const)).flatMap((step): SimulatedRequest[] => {
          const outcome = known.get(`${id} ${turn} ${step}`);
          if (outcome === undefined || outcome.answer.completionTokens === 0) return [];
          const { promptTokens, completionTokens: outputTokens } = outcome.answer;
          const isAfterTool = step === 'answer' && toolResult !== null;
          return [{ promptTokens, outputTokens, by: pick(outcome), pauseMs: isAfterTool ? toolMs : thinkMs * think }];
        }),
      ),
    ),
  );
}
