/** The gateway's list of models, and what an answer of one costs. */
import type { TokensUsed } from './answer-so-far.ts';

interface Price {
  readonly input_per_million_usd: number;
  readonly cached_input_per_million_usd: number;
  readonly output_per_million_usd: number;
}

/** An entry of `GET /v1/models`. */
export interface ListedModel {
  readonly id: string;
  /** The gateway chooses. */
  readonly routed?: boolean;
  readonly kind?: string;
  readonly tier?: string;
  readonly price?: Price;
}

export interface ModelList {
  readonly data: readonly ListedModel[];
}

/** What may answer a chat: ways of choosing, and chat models. */
export function chatNames({ data }: ModelList): { readonly routed: readonly string[]; readonly models: readonly string[] } {
  return {
    routed: data.filter(({ routed }) => routed === true).map(({ id }) => id),
    models: data.filter(({ kind }) => kind === 'chat').map(({ id }) => id),
  };
}

/** By the price of the model that answered; null where it has none. Models that answered before it in vain are not in it. */
export function costUsd({ data }: ModelList, modelId: string, { prompt, cached, completion }: TokensUsed): number | null {
  const price = data.find(({ id }) => id === modelId)?.price;
  if (price === undefined) return null;
  const input = (prompt - cached) * price.input_per_million_usd + cached * price.cached_input_per_million_usd;
  return (input + completion * price.output_per_million_usd) / 1_000_000;
}
