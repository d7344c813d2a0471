/** Builds the machine that reads one call's answer (which formats, which reasoning, which checks) and notes it for the bill. */
import type { ModelConfig, RoutingConfig } from '../../../shared/config.ts';
import { type Answer, createAnswer } from '../../core/answer/answer.ts';
import { asksForRepetition } from '../../core/answer/asked-repetition.ts';
import { createChoice } from '../../core/answer/choice.ts';
import { createStreamCheck } from '../../core/structured/stream-check.ts';
import { type AnswerMachineOptions, createAnswerMachine, isPlainText, isTransparent } from '../../core/answer/answer-machine.ts';
import { createArgumentsCheck } from '../../core/tools/check-arguments.ts';
import { agentOf } from '../../core/route/agent-policy.ts';
import { demandedCall } from '../../core/tools/tool-choice.ts';
import type { Parts } from '../run/run.ts';
import type { Call } from './call.ts';

export function answerFor({ run, candidate: { modelId }, model, dialect, resumed }: Call): Answer {
  const { deps, asked, tried, spent, client } = run;
  const { request, format } = asked;
  const { limits } = deps.config;
  const reading: AnswerMachineOptions = {
    formats: model.tool_formats,
    tools: (request.tools ?? []).map((tool) => tool.function),
    toolChoice: request.toolChoice ?? 'auto',
    allowsParallelCalls: request.allowsParallelCalls !== false,
    reasoning: model.reasoning,
    emission: model.tool_emission,
    maxArgumentsBytes: limits.max_tool_arguments_bytes,
    newCallId: () => `call_${deps.newId()}`,
  };
  const createMachine = () => createAnswerMachine(reading);
  const isPlain = (text: string) => isPlainText(reading, text);
  const check = () => (format === null ? null : createStreamCheck(format, limits));
  const invalid = argumentsPolicyOf(run);
  const hasTools = request.tools !== undefined && model.tool_emission === 'atomic';
  const argumentsCheck = hasTools ? createArgumentsCheck(request.tools ?? [], limits, invalid === 'repair') : null;
  const answer = createAnswer({
    dialect,
    passesPayloads: client.writer.pass !== null,
    isTransparent: format === null && resumed === null && !tried.judges && isTransparent(reading),
    showsLogprobs: request.logprobs === true,
    choiceCount: request.choiceCount,
    maxAnswerChars: limits.max_answer_bytes,
    mayRepeat: (found) => asksForRepetition(request, asked.view.text, found),
    keepsLogprobs: request.logprobs === true && !tried.isStreamed,
    head: resumed?.head ?? null,
    refusesInvalidCalls: invalid === 'escalate',
    demandedCall: demandedCall(request),
    // Tried once more elsewhere; a second empty answer is accepted.
    refusesEmpty: resumed === null && !tried.outcomes.some((outcome) => !outcome.isOk && outcome.cause === 'empty_answer'),
    createChoice: (index) =>
      createChoice(index, {
        createMachine,
        isPlain,
        check: check(),
        argumentsCheck,
        maxRepeatedTokens: maxRepeatedTokens(run, model),
        sent: resumed?.sent ?? null,
      }),
  });
  spent.answers.push({ modelId, answer, call: tried.calls, isContinuation: resumed?.sent.mode === 'continue' });
  return answer;
}

/** How much an answer may repeat itself; null where nobody minds. */
function maxRepeatedTokens({ deps, asked }: Parts<'deps' | 'asked'>, model: ModelConfig): number | null {
  const { runaway_guard: guard, agents } = deps.config.routing;
  const agent = agentOf(asked.caller.agent, agents);
  const isOn = guard.enabled && model.runaway_guard !== false && agent?.policy.runaway_guard !== false;
  return isOn ? guard.max_tokens : null;
}

/** What invalid arguments of a call lead to. */
export function argumentsPolicyOf({ deps, asked }: Parts<'deps' | 'asked'>): RoutingConfig['tools']['invalid_arguments'] {
  const { invalid_arguments: usual, invalid_required_arguments: required } = deps.config.routing.tools;
  return demandedCall(asked.request) === null ? usual : required;
}
