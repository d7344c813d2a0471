/** What a layout of pod.json leaves each server for its KV cache: the sums of plan.py, for benches that have no Python. A test compares the two. */
import type { PodTable } from './table.ts';

/** AWQ keeps 4 bits for each weight, and for each group of 128 a scale of 16 bits and a zero point of 4. */
const bytesPerWeight = { bf16: 2, awq: 0.5 + 2.5 / 128 } as const;
const gib = 2 ** 30;

type Model = PodTable['models'][string];
type Place = PodTable['modes'][string]['cards'][string][number];

/** Bytes of a model on the card. */
export function weightBytes(model: Model): number {
  const { layers, hidden, intermediate, heads, kv_heads: kvHeads, head_dim: headSize, vocab } = model;
  const linear = layers * (hidden * headSize * (2 * heads + 2 * kvHeads) + 3 * hidden * intermediate);
  const biases = model.qkv_bias ? headSize * (heads + 2 * kvHeads) : 0;
  const other = vocab * hidden * (model.tied ? 1 : 2) + layers * (2 * hidden + biases) + hidden;
  return linear * bytesPerWeight[model.weights] + other * 2;
}

/** Tokens that the KV cache of a server holds at a place of a card; 0 where not even its weights fit. */
export function kvTokens(
  table: PodTable,
  card: string,
  { model: modelId, server: serverId, share }: Pick<Place, 'model' | 'server' | 'share'>,
): number {
  const { models, servers, cards, overhead, flags } = table;
  const [model, server, cardGib] = [models[modelId], servers[serverId], cards[card]?.gib];
  if (model === undefined || server === undefined || cardGib === undefined)
    throw new Error(`pod.json has no ${modelId}, ${serverId} or ${card}`);
  const stepTokens = Number(flags.find(({ flag }) => flag === '--max-num-batched-tokens')?.value);
  const step = stepTokens * (3 * model.intermediate + 4 * model.hidden) * 2;
  const activations = (step + server.max_num_seqs * model.vocab * 4 * 3) * overhead.activation_margin;
  const taken = weightBytes(model) + activations + (overhead.non_torch_gib + overhead.graphs_gib) * gib;
  const perToken = model.layers * model.kv_heads * model.head_dim * 2 * model.kv_bytes;
  return Math.max(0, Math.floor((share * cardGib * gib - taken) / perToken));
}

/** The place of a server in a mode on a card. Throws where it has none. */
export function placeOf(table: PodTable, mode: string, card: string, server: string): Place {
  const place = table.modes[mode]?.cards[card]?.find((one) => one.server === server);
  if (place === undefined) throw new Error(`pod.json has no ${server} in ${mode} on ${card}`);
  return place;
}
