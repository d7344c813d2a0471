/** Builds the machine that reads one model's answer to one request (which formats, which reasoning, which checks) and notes it for the bill. */
import type { ChatRequest } from '../../../shared/chat.ts';
import type { ModelConfig, RoutingConfig } from '../../../shared/config.ts';
import { type Answer, type AnswerOptions, type AnswerState, createAnswer } from '../../core/relay/answer.ts';
import { type AlreadySent, createChoice } from '../../core/relay/choice.ts';
import { createStreamCheck } from '../../core/structured/stream-check.ts';
import { createArgumentsCheck } from '../../core/tools/check-arguments.ts';
import { type AnswerMachine, createAnswerMachine } from '../../core/tools/answer-machine.ts';
import type { Dialect } from '../../core/upstreams/dialect.ts';
import type { Run } from '../run/run.ts';

export interface Resumed {
  readonly sent: AlreadySent;
  readonly head: AnswerState['head'];
  /** What this call may generate: with what the client has, no more than it asked for. */
  readonly maxTokens: number;
}

/** @param resumed what the client has already, when this call finishes an answer that broke off */
export function answerFor(run: Run, modelId: string, model: ModelConfig, dialect: Dialect, resumed: Resumed | null): Answer {
  const { limits } = run.deps.config;
  const machine = (): AnswerMachine =>
    createAnswerMachine({
      formats: model.tool_formats,
      tools: (run.request.tools ?? []).map((tool) => tool.function),
      toolChoice: toolChoiceOf(run.request),
      allowsParallelCalls: run.request.parallel_tool_calls !== false,
      reasoning: model.reasoning,
      emission: model.tool_emission,
      maxArgumentsBytes: limits.max_tool_arguments_bytes,
      newCallId: () => `call_${run.deps.newId()}`,
    });
  const check = () => (run.structured === null ? null : createStreamCheck(run.structured, limits));
  const invalid = argumentsPolicyOf(run);
  const hasTools = run.request.tools !== undefined && model.tool_emission === 'atomic';
  const argumentsCheck = hasTools ? createArgumentsCheck(run.request.tools ?? [], limits, invalid === 'repair') : null;
  const answer = createAnswer({
    dialect,
    isTransparent: run.structured === null && resumed === null && !run.judges && machine().isTransparent,
    showsLogprobs: run.request.logprobs === true,
    choiceCount: run.request.n ?? 1,
    maxAnswerChars: limits.max_answer_bytes,
    keepsLogprobs: run.request.logprobs === true && run.request.stream !== true,
    head: resumed?.head ?? null,
    refusesInvalidCalls: invalid === 'escalate',
    demandedCall: demandedCall(run.request),
    // Asked once more elsewhere; the second time it is what the model has to say.
    refusesEmpty: resumed === null && !run.outcomes.some((outcome) => !outcome.isOk && outcome.cause === 'empty_answer'),
    createChoice: (index) =>
      createChoice(index, { createMachine: machine, check: check(), argumentsCheck, sent: resumed?.sent ?? null }),
  });
  run.answers.push({
    modelId,
    answer,
    call: run.calls,
    get continuesPrevious() {
      return resumed?.sent.mode === 'continue' && answer.state.choices.get(0)?.hasStartedOver !== true;
    },
  });
  return answer;
}

/** What invalid arguments of a call lead to. */
export function argumentsPolicyOf({ request, deps }: Run): RoutingConfig['tools']['invalid_arguments'] {
  const { invalid_arguments: usual, invalid_required_arguments: required } = deps.config.routing.tools;
  return demandedCall(request) === null ? usual : required;
}

/** The call that an answer must have; null when it need not. */
export function demandedCall(request: ChatRequest): AnswerOptions['demandedCall'] {
  const choice = toolChoiceOf(request);
  if (request.tools === undefined || choice === 'auto' || choice === 'none') return null;
  return { name: choice === 'required' ? null : choice.name };
}

function toolChoiceOf(request: ChatRequest): 'auto' | 'none' | 'required' | { readonly name: string } {
  const choice = request.tool_choice ?? 'auto';
  return typeof choice === 'string' ? choice : { name: choice.function.name };
}
