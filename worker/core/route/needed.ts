/** Fields of a request that not every model can honour, with the capability that each needs. */
import type { ChatRequest } from '../../../shared/chat.ts';
import type { Capability } from '../../../shared/config.ts';

export interface Need {
  readonly field: keyof ChatRequest;
  readonly capability: Capability;
}

export function needsOf(request: ChatRequest): readonly Need[] {
  const needs: Need[] = [];
  if (request.continue_final_message === true) needs.push({ field: 'continue_final_message', capability: 'continue' });
  if (request.structured_outputs !== undefined) needs.push({ field: 'structured_outputs', capability: 'json_schema' });
  return needs;
}
