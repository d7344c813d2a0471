/** A vLLM pooling server's routes: vectors, labels and relevance in its shapes, and its words for what it refuses. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ModelKind } from '../../../shared/config.ts';
import { badValue, vllmError, vllmWords } from '../flavours/vllm-words.ts';
import { goneSignal } from '../http.ts';
import { isRecord, tryParse } from '../json.ts';
import type { LogEntry } from '../request-log.ts';
import type { Refusal } from '../refusal.ts';
import type { ModelServerState } from '../server.ts';
import { meetPoolingFault } from './faults.ts';
import { answerPooling, countTokens, readPooling } from './answers.ts';

export const poolingPaths: Readonly<Record<Exclude<ModelKind, 'chat'>, readonly string[]>> = {
  embedding: ['/v1/embeddings'],
  classifier: ['/classify'],
  reranker: ['/rerank', '/v1/rerank', '/v2/rerank', '/score', '/v1/score'],
};

/** Answers, or returns the refusal to send. */
export async function handlePooling(
  state: ModelServerState,
  request: IncomingMessage,
  response: ServerResponse,
  entry: LogEntry,
  text: string,
): Promise<Refusal | null> {
  const { options, controls } = state;
  const body = tryParse(text);
  if (!isRecord(body)) return vllmError(400, 'BadRequestError', 'The request body is not valid JSON.');
  entry.model = typeof body['model'] === 'string' ? body['model'] : null;
  entry.bodyKeys = Object.keys(body);
  if (options.logsBodies) entry.body = body;
  if (!controls.state().isHealthy) return vllmWords.engineDead;
  const model = entry.model ?? options.servedName;
  if (!controls.state().isModelLoaded || ![options.servedName, ...options.aliases].includes(model))
    return vllmWords.modelMissing(model, controls.state().isModelLoaded ? [options.servedName] : []);
  const read = readPooling(entry.path, body, options);
  if (!read.ok) return read.failure;
  const gone = goneSignal(response);
  const fault = await meetPoolingFault(state, request, response, entry, gone);
  if (fault !== null) return fault === 'handled' ? null : fault;
  const tokens = countTokens(read.value);
  const tooLong = tokens.find((count) => count > options.maxModelLen);
  if (tooLong !== undefined && read.value.truncateTokens === null) return vllmWords.promptTooLong(options.maxModelLen, tooLong);
  const promptTokens = tokens.reduce((sum, count) => sum + Math.min(count, options.maxModelLen), 0);
  entry.usage = { promptTokens, completionTokens: 0 };
  if (read.value.dimensions !== null && read.value.dimensions > 384)
    return badValue(`dimensions must be at most 384, got ${read.value.dimensions}.`, 'dimensions');
  const answer = answerPooling(entry.path, read.value, { id: entry.id, servedName: options.servedName, promptTokens });
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(answer) });
  entry.firstByteAtMs = Date.now();
  response.end(answer);
  return null;
}
