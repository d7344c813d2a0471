/**
 * What may be answered from what was kept, and what may be kept: off unless a deployment switches it on, and then only for requests that would
 * be answered alike again, and for answers that are beyond doubt. A wrong hit is worse than a miss, so whatever is not surely right is a miss.
 */
import { contentOf } from '../answer/choice.ts';
import type { CacheAllowance, CacheConfig } from '../../../shared/config.ts';
import type { AnswerState } from '../answer/answer.ts';
import type { InnerRequest } from '../request/inner-request.ts';

/** What a client wants of the cache: its `cache-control`. */
export interface CacheWish {
  readonly mayRead: boolean;
  readonly mayKeep: boolean;
  /** The oldest answer that will do; null for any that is kept. */
  readonly maxAgeMs: number | null;
  /** Rather an error than a call of a model. */
  readonly isOnlyIfCached: boolean;
}

const anything: CacheWish = { mayRead: true, mayKeep: true, maxAgeMs: null, isOnlyIfCached: false };

/**
 * Reads the request header `cache-control` as RFC 9111 has it: `no-store`, `no-cache`, `max-age=N`, `only-if-cached`; other directives are
 * ignored. Never an error, since browsers and proxies write this header as well: of an age that cannot be read or is given twice, the freshest
 * answer is right.
 */
export function readCacheControl(header: string | null): CacheWish {
  if (header === null) return anything;
  const wish = { ...anything };
  for (const directive of header.toLowerCase().split(',')) {
    const [name = '', value] = directive.split('=', 2).map((part) => part.trim());
    if (name === 'no-store' || name === 'no-cache') wish.mayRead = false;
    if (name === 'no-store') wish.mayKeep = false;
    if (name === 'only-if-cached') wish.isOnlyIfCached = true;
    if (name === 'max-age') wish.maxAgeMs = wish.maxAgeMs === null ? ageOf(value) : 0;
  }
  return wish;
}

/** Ten digits are three centuries. */
function ageOf(value: string | undefined): number {
  const digits = /^"?(\d{1,10})"?$/.exec(value ?? '')?.[1];
  return digits === undefined ? 0 : Number(digits) * 1000;
}

/** What a request does with the cache. */
export interface CacheUse {
  readonly reads: boolean;
  readonly keeps: boolean;
  /** It may share a call with identical requests in flight, and the answers that are kept with it. */
  readonly shares: boolean;
  /** Nothing that was asked before will do, neither kept nor under way: its own answer takes the place. */
  readonly isFresh: boolean;
  /** The oldest answer that it takes, in milliseconds. */
  readonly maxAgeMs: number;
}

const none: CacheUse = { reads: false, keeps: false, shares: false, isFresh: false, maxAgeMs: 0 };

export interface CacheCase {
  readonly wish: CacheWish;
  /** A request with an idempotency key has a kept answer of its own. */
  readonly isIdempotent: boolean;
  /** The key has been made without the cache. */
  readonly isKeyExcluded: boolean;
  readonly isInExperiment: boolean;
}

/** What the cache does for a request; by its configuration, the client's wish, and the request itself. */
export function cacheUse(
  config: CacheConfig,
  request: InnerRequest,
  { wish, isIdempotent, isKeyExcluded, isInExperiment }: CacheCase,
): CacheUse {
  if (!config.enabled || isIdempotent || isKeyExcluded || !wish.mayKeep) return none;
  const isKept = mayRepeat(request, config.allow) && (!isInExperiment || config.allow.includes('experiment'));
  const isShared = config.single_flight === 'all' ? canRepeat(request) : config.single_flight === 'kept' && isKept;
  if (!isKept && !isShared) return none;
  const maxAgeMs = Math.min(wish.maxAgeMs ?? config.ttl_ms, config.ttl_ms);
  const isFresh = !wish.mayRead;
  return { reads: isKept && !isFresh && maxAgeMs > 0, keeps: isKept, shares: isShared, isFresh, maxAgeMs };
}

/** Whether an answer to it can be given to another reader as it is. */
function canRepeat({ choiceCount, logprobs, messages }: InnerRequest): boolean {
  // Log probabilities belong to the pieces of one stream. A picture behind an address may be another one tomorrow.
  return choiceCount === 1 && logprobs !== true && !messages.some(hasRemotePicture);
}

/** Whether the same request would get the same answer again. A seed says that the client wants it so. */
function mayRepeat(request: InnerRequest, allow: readonly CacheAllowance[]): boolean {
  const { temperature, seed } = request.sampling;
  const isRepeatable = temperature === 0 || seed !== undefined || allow.includes('sampled');
  return isRepeatable && canRepeat(request) && (request.tools === undefined || allow.includes('tools'));
}

function hasRemotePicture({ content }: InnerRequest['messages'][number]): boolean {
  if (typeof content !== 'object' || content === null) return false;
  return content.some((part) => part.type === 'image_url' && !part.image_url.url.startsWith('data:'));
}

/** How a request ended that may be kept. */
export interface EndedAnswer {
  /** Complete and shown as a success. */
  readonly isOk: boolean;
  /** The call whose answer it is; null when none answered. */
  readonly state: AnswerState | null;
  readonly isFallback: boolean;
  readonly isEscalated: boolean;
  /** The judge was not content with it, and it was shown for want of a better one. */
  readonly isDoubtful: boolean;
  readonly isRescued: boolean;
}

/** Whether an answer may be given again: complete, valid, and of the model that was chosen. */
export function mayBeGivenAgain(ended: EndedAnswer, { allow, max_answer_chars: maxChars }: CacheConfig): boolean {
  const { state } = ended;
  if (!ended.isOk || state === null || ended.isRescued || ended.isDoubtful) return false;
  if (ended.isFallback && !allow.includes('fallback')) return false;
  if (ended.isEscalated && !allow.includes('escalation')) return false;
  const choice = state.choices.get(0);
  if (choice === undefined || state.choices.size !== 1 || state.contentChars > maxChars || state.warnings.length > 0)
    return false;
  const { finishReason, calls, refusal } = choice;
  // `length` is cut off, `content_filter` is somebody else's decision, and may be another one tomorrow.
  if (finishReason !== 'stop' && finishReason !== 'tool_calls') return false;
  if (choice.hasBrokenCall || choice.violations !== null || choice.callVerdicts.invalid > 0 || refusal !== '') return false;
  // Reasoning alone is no answer.
  return calls.length > 0 || contentOf(choice).trim() !== '';
}
