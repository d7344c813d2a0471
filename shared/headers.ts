/** Every header name the gateway reads or writes, once. */
export const headerNames = {
  requestId: 'x-request-id',
  agentName: 'x-agent-name',
  sessionId: 'x-session-id',
  strategy: 'x-routing-strategy',
  idempotencyKey: 'idempotency-key',
  routingMetadata: 'x-routing-metadata',
  shouldRetry: 'x-should-retry',
  retryAfter: 'retry-after',
  cacheControl: 'cache-control',
  cache: 'x-cache',
  age: 'age',
  idempotentReplayed: 'idempotent-replayed',
  resumable: 'x-resumable',
  streamId: 'x-stream-id',
  lastEventId: 'last-event-id',
  traceparent: 'traceparent',
  accessJwt: 'cf-access-jwt-assertion',
  accessClientId: 'cf-access-client-id',
  accessClientSecret: 'cf-access-client-secret',
} as const;

/** Names and ids that clients choose (request ids, agents, sessions) and that are safe in headers and logs. */
export const clientIdPattern = /^[A-Za-z0-9._-]{1,128}$/;
