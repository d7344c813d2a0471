/** Paths for clients: what they take and answer. */
import * as z from 'zod';
import { ChatRequest } from '../../shared/chat.ts';
import { collectionPattern, documentIdPattern } from '../../shared/rag-bodies.ts';
import * as chat from './answers/chat.ts';
import { Model, ModelList } from './answers/deployment.ts';
import * as documents from './answers/documents.ts';
import { UsageOfKey } from './answers/keys.ts';
import * as messages from './answers/messages.ts';
import * as pooling from './answers/pooling.ts';
import * as responses from './answers/responses.ts';
import * as bodies from './bodies.ts';
import { type Answer, type HeaderId, json, type Operation, type Operations, type Schema } from './operation.ts';

const routing: readonly HeaderId[] = ['requestId', 'agentName', 'sessionId', 'strategy'];
const answering: readonly HeaderId[] = [...routing, 'traceparent', 'idempotencyKey', 'resumable', 'cacheControl'];
const reading: readonly HeaderId[] = ['requestId', 'agentName', 'sessionId', 'cacheControl'];

/** Whole, or as a stream where `stream` is true. */
function answered(schema: Schema, events: Schema = chat.ChatCompletionChunk): Answer {
  return {
    description: 'The answer: whole, or as events where the request has `"stream": true`.',
    bodies: [
      { media: 'application/json', schema },
      { media: 'text/event-stream', events },
    ],
  };
}

function answers(id: string, tag: Operation['tag'], body: Schema, schema: Schema, events?: Schema): Operation {
  return { id, tag, headers: answering, body, answers: { 200: answered(schema, events) }, isRouted: true };
}

function pooled(id: string, body: Schema, schema: Schema): Operation {
  return { id, tag: 'pooling', headers: reading, body, answers: { 200: json('The answer.', schema) }, isRouted: true };
}

const collection = z.string().regex(collectionPattern);
const documentId = z.string().regex(documentIdPattern);
const responseId = z.string().regex(/^resp_[A-Za-z0-9_.-]{1,130}$/);
const streamId = z.string().regex(/^[A-Za-z0-9_-]{1,64}(?:\.[A-Za-z0-9_-]{1,64})?$/);

export const clientOperations: Operations = {
  'POST /v1/chat/completions': answers('createChatCompletion', 'chat', ChatRequest, chat.ChatCompletion),
  'POST /v1/responses': answers(
    'createResponse',
    'responses',
    bodies.ResponsesRequest,
    responses.Response,
    responses.ResponseEvent,
  ),
  'GET /v1/responses/:id': {
    id: 'getResponse',
    tag: 'responses',
    path: { id: responseId },
    query: { stream: z.enum(['true', 'false']), starting_after: z.int().min(0).max(999_999_999) },
    answers: { 200: answered(responses.Response, responses.ResponseEvent) },
  },
  'DELETE /v1/responses/:id': {
    id: 'deleteResponse',
    tag: 'responses',
    path: { id: responseId },
    answers: { 200: json('It is forgotten.', responses.ResponseDeleted) },
  },
  'POST /v1/responses/input_tokens': {
    id: 'countInputTokens',
    tag: 'responses',
    headers: routing,
    body: bodies.ResponsesRequest,
    answers: { 200: json('The number of tokens.', responses.InputTokens) },
  },
  'POST /v1/responses/:id/cancel': {
    id: 'cancelResponse',
    tag: 'responses',
    path: { id: responseId },
    answers: { 200: json('What the response has come to.', responses.Response) },
  },
  'GET /v1/responses/:id/input_items': {
    id: 'listResponseInput',
    tag: 'responses',
    path: { id: responseId },
    query: { limit: z.int().min(1).max(100), order: z.enum(['asc', 'desc']), after: z.string() },
    answers: { 200: json('A page of items.', responses.ResponseItems) },
  },
  'POST /v1/completions': answers(
    'createCompletion',
    'chat',
    bodies.CompletionRequest,
    responses.Completion,
    responses.CompletionChunk,
  ),
  'POST /v1/messages': {
    id: 'createMessage',
    tag: 'chat',
    headers: answering,
    body: bodies.MessagesRequest,
    answers: {
      200: {
        description: 'The message: whole, or as events where the request has `"stream": true`.',
        bodies: [
          { media: 'application/json', schema: messages.AnthropicMessage },
          { media: 'text/event-stream', events: messages.AnthropicEvent, end: 'message_stop' },
        ],
      },
    },
    error: messages.AnthropicError,
    isRouted: true,
  },
  'POST /v1/messages/count_tokens': {
    id: 'countMessageTokens',
    tag: 'chat',
    headers: routing,
    body: bodies.CountRequest,
    answers: { 200: json('The number of tokens.', messages.TokenCount) },
    error: messages.AnthropicError,
  },
  'POST /v1/route': {
    id: 'explainRoute',
    tag: 'chat',
    headers: routing,
    body: ChatRequest,
    answers: { 200: json('Decision, plan and explanation.', chat.RouteExplanation) },
  },
  'POST /v1/feedback': {
    id: 'rateAnswer',
    tag: 'chat',
    headers: ['requestId'],
    body: bodies.Feedback,
    answers: { 200: json('The judgement is counted.', chat.FeedbackCounted) },
  },
  'POST /v1/embeddings': pooled('createEmbedding', bodies.EmbeddingRequest, pooling.EmbeddingList),
  'POST /v1/classify': pooled('classify', bodies.ClassifyRequest, pooling.ClassificationList),
  'POST /v1/rerank': pooled('rerank', bodies.RerankRequest, pooling.RankedDocuments),
  'POST /v1/rag/query': answers('queryDocuments', 'documents', bodies.RagQuery, chat.RagCompletion),
  'POST /v1/rag/chat/completions': answers('chatWithDocuments', 'documents', bodies.RagQuery, chat.RagCompletion),
  'POST /v1/rag/documents': {
    id: 'putDocuments',
    tag: 'documents',
    headers: ['requestId', 'agentName'],
    body: bodies.DocumentsBody,
    answers: { 200: json('All of them are kept.', documents.DocumentsPut) },
  },
  'GET /v1/rag/documents': {
    id: 'listDocuments',
    tag: 'documents',
    query: { collection, limit: z.int().min(1).max(100), after: documentId },
    answers: { 200: json('A page of documents.', documents.DocumentList) },
  },
  'GET /v1/rag/documents/*': {
    id: 'getDocument',
    tag: 'documents',
    path: { document: documentId },
    query: { collection, include: z.enum(['text']) },
    answers: { 200: json('The document.', documents.Document) },
  },
  'DELETE /v1/rag/documents/*': {
    id: 'deleteDocument',
    tag: 'documents',
    path: { document: documentId },
    query: { collection },
    answers: { 200: json('It is deleted.', documents.DocumentDeleted) },
  },
  'GET /v1/streams/:id': {
    id: 'resumeStream',
    tag: 'streams',
    path: { id: streamId },
    query: { after: z.int().min(0).max(999_999_999) },
    headers: ['requestId', 'lastEventId'],
    answers: {
      200: {
        description: 'The rest of the stream.',
        bodies: [{ media: 'text/event-stream', events: chat.ChatCompletionChunk }],
      },
      204: { description: 'It has ended, and nothing is left.', bodies: [] },
    },
  },
  'POST /v1/streams/:id/cancel': {
    id: 'cancelStream',
    tag: 'streams',
    path: { id: streamId },
    answers: { 200: json('What the stream has come to.', chat.StreamState) },
  },
  'GET /v1/usage': {
    id: 'getUsage',
    tag: 'account',
    query: { from: z.iso.date(), to: z.iso.date(), group_by: z.enum(['model', 'agent', 'day']) },
    answers: { 200: json('What the calling key has used.', UsageOfKey) },
  },
  'GET /v1/models': { id: 'listModels', tag: 'account', answers: { 200: json('Names for `model`.', ModelList) } },
  'GET /v1/models/*': {
    id: 'getModel',
    tag: 'account',
    path: { model: z.string().min(1) },
    answers: { 200: json('One of them.', Model) },
  },
};
