/** Whether a request demands a tool call. */
import type { InnerRequest } from '../request/inner-request.ts';

/** The call that an answer must contain, `name` null for any tool; null when none is demanded. */
export function demandedCall({
  tools,
  toolChoice = 'auto',
}: Pick<InnerRequest, 'tools' | 'toolChoice'>): { readonly name: string | null } | null {
  if (tools === undefined || toolChoice === 'auto' || toolChoice === 'none') return null;
  return { name: toolChoice === 'required' ? null : toolChoice.name };
}
