/** What a request says of whether tools must be called. */
import type { InnerRequest } from '../request/inner-request.ts';

/** The call that an answer must have, `name` null for any; null when it need not have one. */
export function demandedCall({
  tools,
  toolChoice = 'auto',
}: Pick<InnerRequest, 'tools' | 'toolChoice'>): { readonly name: string | null } | null {
  if (tools === undefined || toolChoice === 'auto' || toolChoice === 'none') return null;
  return { name: toolChoice === 'required' ? null : toolChoice.name };
}
