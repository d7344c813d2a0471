/** The shape of pod.json, which says what runs on the GPU box. Checked here, so that a mistake in it names its place. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { podFolder } from './tools.ts';

const Why = z.string().min(20);

const Model = z.strictObject({
  repository: z.string().regex(/^[\w.-]+\/[\w.-]+$/),
  gated: z.boolean().optional(),
  layers: z.int().positive(),
  hidden: z.int().positive(),
  intermediate: z.int().positive(),
  heads: z.int().positive(),
  kv_heads: z.int().positive(),
  head_dim: z.int().positive(),
  vocab: z.int().positive(),
  qkv_bias: z.boolean(),
  tied: z.boolean(),
  weights: z.enum(['bf16', 'awq']),
  /** Of one number of the KV cache. */
  kv_bytes: z.literal([1, 2]),
  native_context: z.int().positive(),
  /** As its makers publish it; the arithmetic has to come to the same. */
  parameters: z.int().positive(),
});

const Server = z.strictObject({
  port: z.int().min(1024).max(65_535),
  served_name: z.string(),
  max_num_seqs: z.int().positive(),
  tool_parser: z.string().nullable(),
});

const Place = z.strictObject({
  server: z.string(),
  model: z.string(),
  device: z.int().min(0),
  share: z.number().gt(0).max(0.95),
  context: z.int().multipleOf(1024),
});

const Mode = z.strictObject({ about: Why, profile: z.string(), cards: z.record(z.string(), z.array(Place).min(1)) });

const Card = z.strictObject({
  name: z.string(),
  devices: z.int().positive(),
  /** As CUDA reports it, of one device. */
  gib: z.number().positive(),
  match_mib: z.tuple([z.int(), z.int()]),
  source: Why,
});

export const PodTable = z.strictObject({
  about: Why,
  versions: z.strictObject({ vllm: z.string(), huggingface_hub: z.string(), uv: z.string(), cloudflared: z.string() }),
  supervise: z.strictObject({
    ready_timeout_seconds: z.number().positive(),
    poll_seconds: z.number().positive(),
    backoff_seconds: z.array(z.number().positive()).min(1),
    steady_seconds: z.number().positive(),
    stop_seconds: z.int().positive(),
    log_max_bytes: z.int().positive(),
    log_keep: z.int().positive(),
  }),
  download: z.strictObject({
    attempts: z.int().positive(),
    workers: z.int().positive(),
    stall_seconds: z.number().positive(),
    poll_seconds: z.number().positive(),
  }),
  cards: z.record(z.string(), Card),
  overhead: z.strictObject({
    non_torch_gib: z.number(),
    graphs_gib: z.number(),
    context_outside_gib: z.number(),
    activation_margin: z.number(),
    source: Why,
  }),
  models: z.record(z.string(), Model),
  servers: z.record(z.string(), Server),
  modes: z.record(z.string(), Mode),
  flags: z.array(
    z.strictObject({
      flag: z.string().startsWith('--'),
      value: z.string().nullable(),
      when: z.enum(['bf16', 'awq', 'tools']).optional(),
      why: Why,
    }),
  ),
  environment: z.array(z.strictObject({ name: z.string(), value: z.string(), why: Why })),
  phases: z.array(z.strictObject({ name: z.string(), pattern: z.string() })),
  hints: z.array(z.strictObject({ pattern: z.string(), hint: z.string() })),
});

export type PodTable = z.infer<typeof PodTable>;

export function readPodTable(): PodTable {
  return PodTable.parse(JSON.parse(readFileSync(join(podFolder, 'pod.json'), 'utf8')));
}
