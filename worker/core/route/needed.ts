/** Fields of a request that not every model can honour, with the capability that each needs. */
import type { Capability } from '../../../shared/config.ts';
import type { InnerRequest } from '../request/inner-request.ts';

export interface Need {
  /** As model servers call it. */
  readonly field: string;
  readonly capability: Capability;
}

export function needsOf({ continuesLast, structuredOutputs }: InnerRequest): readonly Need[] {
  const needs: Need[] = [];
  if (continuesLast) needs.push({ field: 'continue_final_message', capability: 'continue' });
  if (structuredOutputs !== undefined) needs.push({ field: 'structured_outputs', capability: 'json_schema' });
  return needs;
}
