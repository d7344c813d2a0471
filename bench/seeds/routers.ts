/** The routers that the published tables are about, and this project's own, each as a function from a request to a tier. */
import { compileConfigs } from '../../infra/config/compile.ts';
import { repoFolder } from '../../infra/wrangler.ts';
import type { ChatRequest } from '../../shared/chat.ts';
import { type Config, prepareConfig } from '../../shared/config-prepare.ts';
import type { Tier } from '../../shared/config.ts';
import { classify } from '../../worker/core/classify/classify.ts';
import { buildView } from '../../worker/core/classify/view.ts';
import { loadWeights } from '../../worker/core/classify/weights/load.ts';
import { agentOf } from '../../worker/core/route/agent-policy.ts';
import { choose } from '../../worker/core/route/choose.ts';
import { readScore } from '../../worker/core/route/score-reading.ts';
import { innerRequest } from '../../worker/core/surfaces/chat/inner-request.ts';
import { seedConfig } from '../routing/seed-config.ts';

/** One request, and which agent sends it. */
export interface Sent {
  readonly request: ChatRequest;
  readonly agent: string | null;
}

/** The first original's score. */
export function seedScore(request: ChatRequest): number {
  return classify(buildView(innerRequest(request)), seedConfig, null).score;
}

export function profile(name: string): Config {
  const tree = compileConfigs(`${repoFolder}configs`).profiles[name];
  if (tree === undefined) throw new Error(`no profile ${name}`);
  return prepareConfig(name, tree);
}

/** Where this gateway sends a request under a profile, with every model up. */
export function ownRouter(config: Config): (sent: Sent) => Tier {
  const weights = loadWeights();
  return ({ request, agent }) => {
    const view = buildView(innerRequest(request));
    const classification = classify(view, config.routing, weights);
    const reading = readScore(classification, config, 'cost', () => null);
    return choose({
      config,
      view,
      classification,
      reading,
      wish: { kind: 'auto', strategy: null },
      strategy: 'cost',
      agent: agentOf(agent, config.routing.agents),
      session: null,
      arm: null,
      hasVisionHint: false,
    }).tier;
  };
}

const visionParts = 'screenshot, image, visual, diagram, chart, graph, picture, photo, render, ui, interface, ocr'.split(', ');
const codeParts = 'code, implement, refactor, debug, function, class, method, algorithm, optimize, test, fix, develop'.split(
  ', ',
);
const planParts = 'plan, design, architecture, strategy, approach, roadmap, blueprint, structure, organize'.split(', ');
const critical = 'waltzrl_feedback, waltzrl_conversation, se_darwin, builder, security, legal, architect'.split(', ');

const holds = (text: string, parts: readonly string[]): boolean => parts.some((part) => text.toLowerCase().includes(part));

/** The tier router's original: letters inside words count, and pictures come before critical agents. */
export function publishedTierRouter({ request, agent }: Sent): Tier {
  const { content } = request.messages.at(-1) ?? {};
  const parts = Array.isArray(content) ? content : [];
  const text = typeof content === 'string' ? content : parts.map((part) => ('text' in part ? part.text : '')).join(' ');
  if (parts.some(({ type }) => type === 'image_url') || holds(text, visionParts)) return 'vision';
  if (agent !== null && critical.some((name) => agent.replace('_agent', '').replaceAll('-', '_').includes(name))) return 'large';
  const words = text.split(/\s+/).filter((word) => word !== '').length;
  const [isCode, isPlan] = [holds(text, codeParts), holds(text, planParts)];
  return words < 50 && !isCode && !isPlan ? 'small' : 'large';
}

/** What its document says it does: critical agents are never sent elsewhere by letters inside a word. */
export function intendedTierRouter(sent: Sent): Tier {
  const { content } = sent.request.messages.at(-1) ?? {};
  if (Array.isArray(content) && content.some(({ type }) => type === 'image_url')) return 'vision';
  if (sent.agent !== null && critical.includes(sent.agent)) return 'large';
  const tier = publishedTierRouter(sent);
  return tier === 'vision' ? 'small' : tier;
}
