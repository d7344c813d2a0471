/** What an answer took. */

/** Token counts of one answer. `null` means unknown, which is not zero. */
export interface Usage {
  readonly promptTokens: number;
  readonly completionTokens: number;
  readonly cachedTokens: number | null;
  readonly reasoningTokens: number | null;
  /** Of the prompt: written into the server's cache, where that has a price of its own. Absent where nothing was. */
  readonly cacheWriteTokens?: number;
  /** Counted here from what was relayed, because the server sent no usable usage. */
  readonly isEstimated: boolean;
}

/** Time of configured cards that calls used, and what that costs. */
export interface GpuStats {
  readonly gpu_ms: number;
  readonly gpu_cost_nano_usd: number;
}
