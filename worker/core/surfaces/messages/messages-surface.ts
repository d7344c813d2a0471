/** Anthropic's Messages API: the wire of Claude Code and of the agents built on Anthropic's SDKs. */
import type { Failure } from '../../../../shared/errors.ts';
import { ok, type Result } from '../../../../shared/result.ts';
import type { ReadRequest, ReadSettings, Surface } from '../surface.ts';
import { innerRequest } from './inner-request.ts';
import { errorBody } from './messages-error.ts';
import { parseMessages } from './messages-request.ts';
import { createMessagesStream } from './messages-stream.ts';
import { renderMessage } from './render.ts';

export const messagesSurface: Surface = {
  path: '/v1/messages',
  requestIdHeader: 'request-id',
  read: (text, settings) => readMessages(text, settings, false),
  answerId: (requestId) => `msg_${requestId}`,
  writeWhole: (answer, usage, routing, request) => JSON.stringify(renderMessage(answer, usage, routing, request)),
  writeError: (failure, routing, requestId) => errorBody(failure, requestId, routing),
  openStream: (request, name, requestId = name) => createMessagesStream(request, requestId),
};

/** @param isCount the body of a count, which has no `max_tokens` */
export function readMessages(text: string, settings: ReadSettings, isCount: boolean): Result<ReadRequest, Failure> {
  const valid = parseMessages(text, settings, isCount);
  if (!valid.ok) return valid;
  const request = innerRequest(valid.value.body);
  return request.ok ? ok({ request: request.value, ignored: valid.value.ignored }) : request;
}
