/**
 * How much of a model's context a prompt takes, and what is left for the answer. Prompts are estimated, to about a quarter: where that
 * decides, the doubt goes to the client, and the model server knows the rest.
 */
import type { LimitsConfig } from '../../../shared/config.ts';
import type { RequestView } from '../classify/view.ts';

type Limits = Pick<LimitsConfig, 'default_completion_tokens' | 'max_completion_tokens'>;
type Sizes = Pick<RequestView, 'estimatedPromptTokens' | 'requestedMaxTokens'>;

/** An answer gets at least this room, unless the client wants less: a server that has less says so itself. */
const leastRoom = 256;

/** What a server has said of lengths when it refused a request; see upstreams/token-limit.ts. */
export interface SaidLimit {
  readonly contextTokens: number | null;
  readonly promptTokens: number | null;
  readonly maxCompletionTokens: number | null;
  readonly isCompletion: boolean;
}

/** Tokens that the prompt has at least. */
export function surePromptTokens({ estimatedPromptTokens }: Pick<Sizes, 'estimatedPromptTokens'>): number {
  return Math.floor(estimatedPromptTokens * 0.75);
}

/** Tokens of the context that the request needs at least, with the answer as long as the client and the operator allow. */
export function wantedTokens(sizes: Sizes, limits: Limits): number {
  return surePromptTokens(sizes) + Math.min(sizes.requestedMaxTokens ?? 0, limits.max_completion_tokens);
}

/**
 * The token limit to send. The client's own counts as long as it may fit: servers end an answer where their context does. One that
 * surely does not fit, which they refuse, is lowered to the room there is; so is the default, which must not be what makes a request too long.
 */
export function answerTokens(sizes: Sizes, limits: Limits, contextTokens: number): number {
  const room = Math.max(leastRoom, contextTokens - Math.ceil(sizes.estimatedPromptTokens * 1.34));
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
 * The limit to ask with once more after a server has refused `asked` tokens; null when fewer would not help. Only for limits of the
 * gateway's own making: what a client asked for is not cut behind its back.
 *
 * @param least a shorter answer is not worth the call, since a larger model may take the request
 */
export function loweredTokens(asked: number, said: SaidLimit, sizes: Sizes, least: number): number | null {
  const isOwn = sizes.requestedMaxTokens === null || asked < sizes.requestedMaxTokens;
  if (!isOwn) return null;
  const room = said.maxCompletionTokens ?? roomBesides(said, sizes);
  return room !== null && room < asked && room >= Math.min(least, asked) ? room : null;
}

/** What a server's own numbers leave for the answer. Where it has not counted the prompt, a short answer lets it say what is really too long. */
function roomBesides({ contextTokens, promptTokens, isCompletion }: SaidLimit, { estimatedPromptTokens }: Sizes): number | null {
  if (contextTokens === null || (promptTokens === null && !isCompletion)) return null;
  if (promptTokens !== null) return contextTokens - promptTokens;
  return Math.max(leastRoom, contextTokens - Math.ceil(estimatedPromptTokens * 1.34));
}

/** The shortest answer for which a model is asked again that another one could give in full. */
export function leastAnswer(hasLarger: boolean): number {
  return hasLarger ? leastRoom : 1;
}
