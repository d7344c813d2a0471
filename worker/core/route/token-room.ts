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
