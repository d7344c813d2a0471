/** Fields of a request that not every model can honour, with the capability that each needs. */
import type { Capability, ModelConfig } from '../../../shared/config.ts';
import type { InnerRequest } from '../request/inner-request.ts';

export interface Need {
  /** As model servers call it. */
  readonly field: string;
  /** Null: every model can, but for those whose configuration says that they cannot. */
  readonly capability: Capability | null;
}

export function isMet({ field, capability }: Need, { capabilities, cannot }: ModelConfig): boolean {
  return (capability === null || capabilities.includes(capability)) && !cannot?.some((name) => name === field);
}

export function needsOf({ continuesLast, structuredOutputs, choiceCount, logprobs }: InnerRequest): readonly Need[] {
  const needs: Need[] = [];
  if (choiceCount > 1) needs.push({ field: 'n', capability: null });
  if (logprobs === true) needs.push({ field: 'logprobs', capability: null });
  if (continuesLast) needs.push({ field: 'continue_final_message', capability: 'continue' });
  if (structuredOutputs !== undefined) needs.push({ field: 'structured_outputs', capability: 'json_schema' });
  return needs;
}
