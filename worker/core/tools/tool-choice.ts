/** What a request says of calling its tools. */
import type { ChatRequest } from '../../../shared/chat.ts';

export type ToolChoice = 'auto' | 'none' | 'required' | { readonly name: string };

export function toolChoiceOf(request: ChatRequest): ToolChoice {
  const choice = request.tool_choice ?? 'auto';
  return typeof choice === 'string' ? choice : { name: choice.function.name };
}

/** The call that an answer must have, by any tool where no name is given; null when it need have none. */
export function demandedCall(request: ChatRequest): { readonly name: string | null } | null {
  const choice = toolChoiceOf(request);
  if (request.tools === undefined || choice === 'auto' || choice === 'none') return null;
  return { name: choice === 'required' ? null : choice.name };
}
