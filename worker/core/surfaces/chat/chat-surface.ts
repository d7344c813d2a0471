/** OpenAI's chat completions: the wire of most clients, and of the model servers. */
import { errorEnvelope } from '../../../../shared/errors.ts';
import type { LimitsConfig } from '../../../../shared/config.ts';
import type { Failure } from '../../../../shared/errors.ts';
import { ok, type Result } from '../../../../shared/result.ts';
import { checkChatRequest, parseChatRequest } from './chat-request.ts';
import type { ReadRequest, Surface } from '../surface.ts';
import { innerRequest } from './inner-request.ts';
import { renderCompletion } from './render.ts';
import { createChatStream } from './chat-stream.ts';

export const chatSurface: Surface = {
  path: '/v1/chat/completions',
  read(text, settings) {
    const chat = parseChatRequest(text, settings.limits, settings.surfaces.hosted_tools.chat);
    return chat.ok ? ok({ request: innerRequest(chat.value.request), ignored: chat.value.ignored }) : chat;
  },
  answerId: (requestId) => `chatcmpl-${requestId}`,
  writeWhole: (answer, usage, routing) => JSON.stringify(renderCompletion(answer, usage, routing)),
  writeError: (failure, routing) =>
    JSON.stringify({ ...errorEnvelope(failure), ...(routing === null ? {} : { 'x-routing-metadata': routing }) }),
  openStream: (request) => createChatStream(request),
};

/** The chat in a body that has been parsed, which this changes. */
export function readChatBody(body: Record<string, unknown>, limits: LimitsConfig): Result<ReadRequest, Failure> {
  const chat = checkChatRequest(body, limits);
  return chat.ok ? ok({ request: innerRequest(chat.value.request), ignored: chat.value.ignored }) : chat;
}
