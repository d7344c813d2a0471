/** OpenAI's chat completions: the wire that most clients speak, and the model servers behind. */
import { errorEnvelope } from '../../../../shared/errors.ts';
import { ok } from '../../../../shared/result.ts';
import { parseChatRequest } from './chat-request.ts';
import type { Surface } from '../surface.ts';
import { innerRequest } from './inner-request.ts';
import { renderCompletion } from './render.ts';
import { createChatStream } from './chat-stream.ts';

export const chatSurface: Surface = {
  path: '/v1/chat/completions',
  read(text, limits) {
    const chat = parseChatRequest(text, limits);
    return chat.ok ? ok({ request: innerRequest(chat.value.request), ignored: chat.value.ignored }) : chat;
  },
  answerId: (requestId) => `chatcmpl-${requestId}`,
  writeWhole: (answer, usage, routing) => JSON.stringify(renderCompletion(answer, usage, routing)),
  writeError: (failure, routing) =>
    JSON.stringify({ ...errorEnvelope(failure), ...(routing === null ? {} : { 'x-routing-metadata': routing }) }),
  openStream: createChatStream,
};
