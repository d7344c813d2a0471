/** The Worker that speed.ts times: classifies, and plans, `count` requests of a body. Typed like the gateway, so that it cannot fall behind it. */
import type { ChatRequest } from '../../shared/chat.ts';
import { prepareConfig } from '../../shared/config-prepare.ts';
import { classify } from '../../worker/core/classify/classify.ts';
import { buildView } from '../../worker/core/classify/view.ts';
import { loadWeights } from '../../worker/core/classify/weights/load.ts';
import { planRoute, type PlanInput } from '../../worker/core/route/plan.ts';
import { readScore } from '../../worker/core/route/score-reading.ts';
import { innerRequest } from '../../worker/core/surfaces/chat/inner-request.ts';

/** The profile, put in when the script is built. */
declare const tree: Parameters<typeof prepareConfig>[1];

export interface Batch {
  /** How far each request goes. */
  readonly mode: 'none' | 'view' | 'heuristic' | 'hybrid' | 'hybrid + plan';
  readonly count: number;
  readonly bodies: readonly ChatRequest[];
}

const config = prepareConfig('speed', tree);
const { routing } = config;
const inMode = (mode: 'heuristic' | 'hybrid') => ({ ...routing, classifier: { ...routing.classifier, mode } });
const heuristic = inMode('heuristic');
const hybrid = inMode('hybrid');
const situation: Omit<PlanInput, 'view' | 'classification' | 'reading'> = {
  config,
  wish: { kind: 'auto', strategy: null },
  strategy: 'latency',
  agent: null,
  session: null,
  arm: null,
  hasVisionHint: false,
  allowedModels: null,
  needs: [],
  queueOf: () => 3,
  isUp: () => true,
  isSound: () => true,
  serverRoomOf: () => null,
  random: () => 0.5,
};
const weights = loadWeights();

export default {
  async fetch(request: Request): Promise<Response> {
    const { mode, count, bodies }: Batch = await request.json();
    const requests = bodies.map(innerRequest);
    // Kept and returned, so that nothing is optimised away.
    let sink = 0;
    for (let at = 0; at < count && mode !== 'none'; at += 1) {
      const asked = requests[at % requests.length];
      if (asked === undefined) break;
      const view = buildView(asked);
      sink += view.totalChars;
      if (mode === 'view') continue;
      const classification = classify(view, mode === 'heuristic' ? heuristic : hybrid, weights);
      sink += classification.score;
      if (mode !== 'hybrid + plan') continue;
      const planned = planRoute({
        ...situation,
        view,
        classification,
        reading: readScore(classification, config, 'latency', () => 0.2),
      });
      if (!planned.ok) throw new Error(planned.failure.code);
      sink += planned.value.plan.candidates.length;
    }
    return new Response(String(sink));
  },
};
