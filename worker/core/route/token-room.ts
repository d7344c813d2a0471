/**
 * How much of a model's context a prompt takes, and what is left for the answer. Prompts are estimated to within about a quarter: in doubt
 * the request is let through, and the model server decides.
 */
import type { LimitsConfig } from '../../../shared/config.ts';
import type { RequestView } from '../classify/view.ts';

type Limits = Pick<LimitsConfig, 'default_completion_tokens' | 'max_completion_tokens'>;
type Sizes = Pick<RequestView, 'estimatedPromptTokens' | 'requestedMaxTokens'> & Partial<Pick<RequestView, 'isCounted'>>;

type Prompt = Pick<Sizes, 'estimatedPromptTokens' | 'isCounted'>;

/** An answer gets at least this room, unless the client wants less: a server with less room refuses by itself. */
const leastRoom = 256;

/** What a server said about lengths when it refused a request; see upstreams/token-limit.ts. */
export interface SaidLimit {
  readonly contextTokens: number | null;
  readonly promptTokens: number | null;
  readonly maxCompletionTokens: number | null;
  readonly isCompletion: boolean;
}

/** Tokens that the prompt has at least. */
export function surePromptTokens({ estimatedPromptTokens, isCounted = false }: Prompt): number {
  return isCounted ? estimatedPromptTokens : Math.floor(estimatedPromptTokens * 0.75);
}

/** Tokens that it has at most, as a rule. */
function mostPromptTokens({ estimatedPromptTokens, isCounted = false }: Prompt): number {
  return isCounted ? estimatedPromptTokens : Math.ceil(estimatedPromptTokens * 1.34);
}

/** Prompts of rare languages may be so much shorter than estimated. */
const farOff = 2;
/** An error of this part of the room that is left changes little. */
const coarseness = 10;

/**
 * Whether a count would change anything: the prompt may or may not fit, or the answer's limit would be lowered on a guess that is coarse beside the
 * room that is left.
 */
export function isNearLimit(sizes: Sizes, limits: Limits, contextTokens: number): boolean {
  const [least, most] = [surePromptTokens(sizes), mostPromptTokens(sizes)];
  if (least === most || sizes.estimatedPromptTokens > contextTokens * farOff) return false;
  const wanted = Math.min(sizes.requestedMaxTokens ?? limits.default_completion_tokens, limits.max_completion_tokens);
  return most + wanted > contextTokens && (most - least) * coarseness > Math.max(0, contextTokens - most);
}

/** Tokens of the context that the request needs at least, with the answer as long as the client and the operator allow. */
export function wantedTokens(sizes: Sizes, limits: Limits): number {
  return surePromptTokens(sizes) + Math.min(sizes.requestedMaxTokens ?? 0, limits.max_completion_tokens);
}

/**
 * The token limit to send. The client's own is sent if it may fit: servers end an answer at the end of their context. One that surely does
 * not fit, which servers refuse, is lowered to the room left; so is the default, which must never be the reason for a refusal.
 */
export function answerTokens(sizes: Sizes, limits: Limits, contextTokens: number): number {
  const least = sizes.isCounted === true ? 1 : leastRoom;
  const room = Math.max(least, contextTokens - mostPromptTokens(sizes));
  const { requestedMaxTokens: requested } = sizes;
  if (requested === null) return Math.min(limits.default_completion_tokens, room);
  const wanted = Math.min(requested, limits.max_completion_tokens);
  return wanted <= contextTokens - surePromptTokens(sizes) ? wanted : Math.min(wanted, room);
}

/** The most that any of them may be asked for. */
export function mostAnswerTokens(
  sizes: Sizes,
  limits: Limits,
  candidates: readonly { readonly contextTokens: number }[],
): number {
  return Math.max(1, ...candidates.map(({ contextTokens }) => answerTokens(sizes, limits, contextTokens)));
}

/**
 * The limit for a second try after a server has refused `asked` tokens; null when fewer would not help. Only for limits that the gateway
 * chose: a client's own limit is never lowered silently.
 *
 * @param least a shorter answer is not worth the call, since a larger model may take the request
 */
export function loweredTokens(asked: number, said: SaidLimit, sizes: Sizes, least: number): number | null {
  const isOwn = sizes.requestedMaxTokens === null || asked < sizes.requestedMaxTokens;
  if (!isOwn) return null;
  const room = said.maxCompletionTokens ?? roomBesides(said, sizes);
  return room !== null && room < asked && room >= Math.min(least, asked) ? room : null;
}

/** The room that a server's own numbers leave for the answer. If it has not counted the prompt, a short answer makes it report the real excess. */
function roomBesides({ contextTokens, promptTokens, isCompletion }: SaidLimit, sizes: Sizes): number | null {
  if (contextTokens === null || (promptTokens === null && !isCompletion)) return null;
  if (promptTokens !== null) return contextTokens - promptTokens;
  return Math.max(leastRoom, contextTokens - mostPromptTokens(sizes));
}

/** The shortest answer worth a second try; larger when another model could answer in full. */
export function leastAnswer(hasLarger: boolean): number {
  return hasLarger ? leastRoom : 1;
}
