/**
 * What a client learns about how its request was routed: the `x-routing-metadata` header (compact ASCII JSON), the body field of the
 * same name, and the finish chunk of a stream.
 */
import type { CacheLevel, CacheState } from './records.ts';
import type { Intent, ModelKind, Strategy, Tier } from './config.ts';

export interface RoutingMetadata {
  /** Id of the model that answered (or was to answer), e.g. `qwen2.5-7b`. Null when no model could be chosen. */
  readonly model_id: string | null;
  /** The name its server uses for it. */
  readonly model_name: string | null;
  readonly tier: Tier;
  readonly intent: Intent;
  /** Complexity in 0..1, four digits; higher means large. */
  readonly score: number;
  /** Confidence in the intent, 0..1, four digits. */
  readonly confidence: number;
  /** The reason as a sentence. */
  readonly reason: string;
  readonly strategy: Strategy;
  readonly fallback_used: boolean;
  /** The model first chosen, when another one answered. */
  readonly primary_model?: string;
  readonly escalated: boolean;
  /** Experiment and arm, when the request takes part in one. */
  readonly experiment?: string;
  /** Upstream calls made so far for this request. */
  readonly attempts: number;
  readonly cache: CacheState;
  /** Of an answer that was given again: how long ago a model gave it. */
  readonly cache_age_seconds?: number;
  /** And where it was found. */
  readonly cache_level?: CacheLevel;
  /** Request fields that were dropped because neither the gateway nor the model servers know them. */
  readonly ignored?: readonly string[];
  /** Times the answer was continued or restarted elsewhere after it had begun. */
  readonly rescued?: number;
  /** Shortcomings of an answer that was given nevertheless, one sentence each. */
  readonly warnings?: readonly string[];
  readonly total_time_seconds?: number;
}

/** The same of a request for vectors, labels or relevance: what means something there. */
export interface PoolingMetadata extends Pick<
  RoutingMetadata,
  | 'model_id'
  | 'model_name'
  | 'reason'
  | 'fallback_used'
  | 'primary_model'
  | 'attempts'
  | 'cache'
  | 'cache_age_seconds'
  | 'cache_level'
  | 'ignored'
> {
  readonly kind: ModelKind;
}

export type ShownRouting = RoutingMetadata | PoolingMetadata;

/** Proxies and clients limit the size of headers, some to 8 KiB for all together. */
const maxHeaderChars = 2048;

/** What may remain of the reason, and of the lists: the first that fits. */
const cuts = [
  { reasonChars: 600, listItems: 20 },
  { reasonChars: 300, listItems: 8 },
  { reasonChars: 160, listItems: 3 },
  { reasonChars: 60, listItems: 0 },
] as const;

/**
 * JSON with every character outside printable ASCII escaped, so that it is a valid header value; at most 2,048 characters. The body and
 * the finish chunk have the same in full.
 */
export function encodeMetadataHeader(metadata: ShownRouting): string {
  let text = toAscii(metadata);
  for (const { reasonChars, listItems } of cuts) {
    if (text.length <= maxHeaderChars) break;
    const { ignored, warnings, ...rest }: ShownRouting & Pick<RoutingMetadata, 'warnings'> = metadata;
    text = toAscii({
      ...rest,
      reason: shortened(rest.reason, reasonChars),
      ...(warnings === undefined ? {} : { warnings: warnings.slice(0, listItems).map((line) => shortened(line, 100)) }),
      ...(ignored === undefined ? {} : { ignored: ignored.slice(0, listItems) }),
    });
  }
  return text;
}

function toAscii(metadata: object): string {
  return JSON.stringify(metadata).replace(/[^\x20-\x7e]/g, escapeCodeUnit);
}

/** Cuts by the length after escaping. */
function shortened(text: string, maxChars: number): string {
  let [room, end] = [maxChars, 0];
  for (const char of text) {
    room -= /^[\x20-\x7e]$/.test(char) ? 1 : 6 * char.length;
    if (room < 0) return `${text.slice(0, end)}...`;
    end += char.length;
  }
  return text;
}

function escapeCodeUnit(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
