/** OpenAI's Responses: the wire of newer clients and of agents. Events have names and numbers, and there is no `[DONE]`. */
import { errorEnvelope } from '../../../../shared/errors.ts';
import type { AnswerEvent } from '../../answer/answer-events.ts';
import { eventsOf, type WholeAnswer } from '../../answer/whole-answer.ts';
import type { Surface } from '../surface.ts';
import { withOwnNames } from './failure.ts';
import { responsesPath } from './kept-items.ts';
import { createOutput } from './output.ts';
import { readResponses } from './responses-request.ts';

export const responsesSurface: Surface = {
  path: responsesPath,
  read: readResponses,
  answerId: (requestId) => `resp_${requestId}`,
  writeWhole(answer, usage, routing, { echo = {} }, name) {
    const output = createOutput(echo, name);
    output.write(answer.head, [...eventsOf(answer).flatMap(withLogprobs(answer)), { kind: 'usage', usage }], () => routing);
    output.end();
    return JSON.stringify(output.object());
  },
  writeError: (failure, routing) =>
    JSON.stringify({ ...errorEnvelope(withOwnNames(failure)), ...(routing === null ? {} : { 'x-routing-metadata': routing }) }),
  openStream({ echo = {} }, name) {
    const output = createOutput(echo, name);
    return {
      pass: null,
      write: (head, events, routing) => output.write(head, events, routing),
      end: () => output.end(),
      fail: (failure) => output.fail(withOwnNames(failure)),
    };
  },
};

/** A whole answer has those of its text beside it. */
function withLogprobs({ choices }: WholeAnswer): (event: AnswerEvent) => AnswerEvent[] {
  return (event) => {
    if (event.kind !== 'text') return [event];
    const { choice } = event;
    const of = choices.find(({ index }) => index === choice);
    return [event, ...(of?.logprobs ?? []).map((logprobs): AnswerEvent => ({ choice, kind: 'logprobs', logprobs }))];
  };
}
