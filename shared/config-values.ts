/**
 * Building blocks of the configuration schemas: numbers and names with their bounds, and words that several schemas share.
 */
import * as z from './zod.ts';

export const int = (min: number, max: number) => z.int().check(z.gte(min), z.lte(max));
export const number = (min: number, max: number) => z.number().check(z.gte(min), z.lte(max));
export const text = (min: number, max: number) => z.string().check(z.minLength(min), z.maxLength(max));

export const id = z
  .string()
  .check(z.regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'lower-case id of letters, digits, dot, dash, underscore'));
export const ms = int(1, 3_600_000);
export const share = number(0, 1);
export const usd = number(0, 100_000);

/** The name of an environment variable. The message for anything else gives `example`. */
export const variable = (example: string) =>
  z
    .string()
    .check(
      z.regex(
        /^[A-Z][A-Z0-9_]{2,63}$/,
        `the name of an environment variable, such as ${example}: 3 to 64 capital letters, digits and underscores, a letter first`,
      ),
    );

/** The secret that is sent to every upstream without a `key_var` of its own. */
export const defaultKeyVar = 'UPSTREAM_API_KEY';

export const toolFormatIds = [
  'hermes',
  'llama3_json',
  'mistral',
  'pythonic',
  'qwen3_xml',
  'deepseek',
  'deepseek_dsml',
  'glm',
  'kimi_k2',
  'kimi_k3',
  'harmony',
  'gemma4',
  'json_fenced',
  'json_bare',
] as const;
/** How a model writes its reasoning into its text. */
export const reasoningIds = [
  'none',
  'think',
  'think_open',
  'mistral_think',
  'gemma4',
  'kimi_k3',
  'kimi_k3_open',
  'harmony',
] as const;
export const capabilityIds = ['tools', 'json_schema', 'logprobs', 'continue', 'vision'] as const;
/** What a model is asked for. A model stands in for others of its kind only. */
export const modelKindIds = ['chat', 'embedding', 'classifier', 'reranker'] as const;
export const tierIds = ['small', 'large', 'vision'] as const;
export const intentIds = ['code', 'reasoning', 'general'] as const;
export const strategyIds = ['cost', 'latency', 'quality'] as const;
/** Equal parts of the score's range in which scores are counted. */
export const scoreBuckets = 20;
export const signalIds = ['length', 'keywords', 'tools', 'depth', 'structured'] as const;

export type ModelKind = (typeof modelKindIds)[number];
export type Tier = (typeof tierIds)[number];
export type Intent = (typeof intentIds)[number];
export type Strategy = (typeof strategyIds)[number];
export type SignalId = (typeof signalIds)[number];
export type ToolFormatId = (typeof toolFormatIds)[number];
export type ReasoningId = (typeof reasoningIds)[number];
export type Capability = (typeof capabilityIds)[number];

const Budget = z.strictObject({
  period: z.enum(['day', 'month']),
  limit_usd: usd,
  /** `cheap_tier`: continue with the small tier only. */
  when_exhausted: z.enum(['refuse', 'cheap_tier']),
});

/** One for the day and one for the month. */
export const budgets = z.array(Budget).check(z.maxLength(2));
