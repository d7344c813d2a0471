/** One case of the long-prompt bench: a gateway on a simulated card, clients that chat, and long prompts that come together. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Bundle } from '../../infra/rig/bundle.ts';
import { readAnswer } from '../../infra/rig/chat-client.ts';
import { type Rig, startRig } from '../../infra/rig/rig.ts';
import type { CardSpec, ModelSpec } from '../../infra/standin/gpu/cost-model.ts';
import { gpu, gpuEngine } from '../../infra/standin/gpu/gpu-engine.ts';
import { type Random, seededRandom } from '../../infra/standin/random.ts';
import type { Case, Ran, Sent } from './prompts-rows.ts';

export interface Scene {
  readonly seconds: number;
  readonly longTokens: number;
  readonly slow: number;
  readonly spec: CardSpec;
  readonly model: ModelSpec;
  readonly kvTokens: number;
}

export const clients = 20;
/** Chats have settled by then. */
export const longsAtMs = 4000;
/** Of a long prompt: everybody waits as long as it takes. */
const patienceMs = 600_000;

export async function runCase(bundle: Bundle, scene: Scene, one: Case): Promise<Ran> {
  const { slow, spec, model, kvTokens } = scene;
  const card = gpu(spec);
  const options = { maxSequences: 64, stepTokens: 2048, longPrefillThreshold: one.threshold, kvTokens };
  const engine = gpuEngine({ ...options, card, model, timeScale: slow });
  const rig = await startRig({
    on: bundle,
    fleet: {
      gate: false,
      models: [
        { id: 'small', servedName: 'Qwen/Qwen2.5-7B-Instruct', role: 'small', engine },
        { id: 'large', servedName: 'Qwen/Qwen2.5-32B-Instruct-AWQ', role: 'large' },
      ],
    },
    overrides: {
      upstreams: { small: { timeouts_ms: { first_event: patienceMs, idle: patienceMs, total: patienceMs } } },
      models: {
        'qwen2.5-7b': { prefill: { long_prompt_tokens: one.hasLane ? 4096 : 10_000_000, tokens_per_second: 2500 / slow } },
      },
      routing: { chains: { 'qwen2.5-7b': [] }, admission: { max_prefill_wait_ms: patienceMs } },
    },
  });
  try {
    const startedAtMs = performance.now();
    const atMs = (): number => (performance.now() - startedAtMs) / slow;
    const random = seededRandom('prompts');
    const chats = Array.from({ length: clients }, (_, index) => chat(rig, seededRandom(`client ${index}`), scene, atMs));
    await sleep(longsAtMs * slow);
    const longs = Array.from({ length: one.longs }, () => send(rig, longBody(random, scene.longTokens), atMs, slow));
    const short = (await Promise.all(chats)).flat();
    return { ...one, rounds: [{ short, long: await Promise.all(longs) }] };
  } finally {
    await rig.stop();
  }
}

/** One client: a question, the answer, a pause of up to a second. */
async function chat(rig: Rig, random: Random, { seconds, slow }: Scene, atMs: () => number): Promise<Sent[]> {
  const sent: Sent[] = [];
  await sleep(random() * 2000 * slow);
  while (atMs() < seconds * 1000) {
    sent.push(await send(rig, shortBody(random), atMs, slow));
    await sleep(random() * 1000 * slow);
  }
  return sent;
}

async function send(rig: Rig, body: unknown, atMs: () => number, slow: number): Promise<Sent> {
  const sentAtMs = atMs();
  let firstAtMs: number | null = null;
  const onBody = (text: string): void => {
    if (firstAtMs === null && /"content":"[^"]/.test(text)) firstAtMs = atMs();
  };
  const answer = await rig.open(body, { onBody }).answer;
  const firstMs = firstAtMs === null ? null : firstAtMs - sentAtMs;
  return {
    atMs: sentAtMs,
    firstMs,
    tookMs: answer.tookMs / slow,
    isAnswered: readAnswer(answer).isSuccess,
    status: answer.status,
  };
}

/** Some sixty tokens, and an answer of 40 to 120. */
function shortBody(random: Random): Record<string, unknown> {
  const tokens = 40 + Math.floor(random() * 80);
  const content = `[[tokens:${tokens}]]${words(random, 45)}`;
  return { model: 'small', stream: true, max_tokens: 200, messages: [{ role: 'user', content }] };
}

function longBody(random: Random, tokens: number): Record<string, unknown> {
  const content = `[[tokens:50]]${words(random, tokens)}`;
  return { model: 'small', stream: true, max_tokens: 200, messages: [{ role: 'user', content }] };
}

const vocabulary = ['boat', 'wind', 'rain', 'lake', 'sand', 'tree', 'road', 'town', 'hill', 'moon'];

/** A token each. */
function words(random: Random, count: number): string {
  return Array.from({ length: count }, () => vocabulary[Math.floor(random() * vocabulary.length)]).join(' ');
}
