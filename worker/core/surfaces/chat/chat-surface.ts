/** OpenAI's chat completions: the wire that most clients speak, and the model servers behind. */
import { errorEnvelope } from '../../../../shared/errors.ts';
import { parseChatRequest } from './chat-request.ts';
import type { Surface } from '../surface.ts';
import { renderCompletion } from './render.ts';
import { createChatStream } from './chat-stream.ts';

export const chatSurface: Surface = {
  path: '/v1/chat/completions',
  read: parseChatRequest,
  answerId: (requestId) => `chatcmpl-${requestId}`,
  writeWhole: (answer, usage, routing) => JSON.stringify(renderCompletion(answer, usage, routing)),
  writeError: (failure, routing) =>
    JSON.stringify({ ...errorEnvelope(failure), ...(routing === null ? {} : { 'x-routing-metadata': routing }) }),
  openStream: createChatStream,
};
