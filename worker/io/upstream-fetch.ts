/**
 * Calls a model server through its tunnel with plain `fetch`. Redirects are never followed: Access answers 302 to a login page, and
 * following it would bring that page back as a 200 (measured). Only headers listed here travel, in either direction.
 */
import { headerNames } from '../../shared/headers.ts';
import { fail, ok } from '../../shared/result.ts';
import type { UpstreamAnswer, UpstreamPort } from '../core/ports.ts';

export interface Server {
  readonly origin: string;
  readonly usesAccess: boolean;
  /** The headers that its dialect asks for, this server's key among them and no other's. */
  readonly headers: Readonly<Record<string, string>>;
}

/** @param servers by upstream id */
export function createUpstreamFetch(
  servers: ReadonlyMap<string, Server>,
  access: { readonly clientId: string; readonly clientSecret: string } | null,
): UpstreamPort {
  const headersOf = ({ usesAccess, headers }: Server): Record<string, string> => ({
    'content-type': 'application/json',
    // The tunnel holds compressed event streams back.
    'accept-encoding': 'identity',
    'cache-control': 'no-transform',
    'user-agent': 'pointsman',
    ...headers,
    ...(usesAccess && access !== null
      ? { [headerNames.accessClientId]: access.clientId, [headerNames.accessClientSecret]: access.clientSecret }
      : {}),
  });
  const prepared = new Map([...servers].map(([id, server]) => [id, { origin: server.origin, headers: headersOf(server) }]));

  return {
    async open(call) {
      const server = prepared.get(call.upstreamId);
      if (server === undefined) return fail({ code: 'upstream_unreachable' });
      try {
        const response = await fetch(server.origin + call.path, {
          method: call.method,
          ...(call.body === null ? {} : { body: call.body }),
          headers: { ...server.headers, accept: call.accept, [headerNames.requestId]: call.requestId },
          redirect: 'manual',
          signal: call.signal,
        });
        return ok(toAnswer(response));
      } catch {
        return fail({ code: 'upstream_unreachable' });
      }
    },
  };
}

function toAnswer(response: Response): UpstreamAnswer {
  // The length of a compressed body says nothing about its decompressed size, which is what is read and counted here.
  const isCompressed = !['', 'identity'].includes((response.headers.get('content-encoding') ?? '').trim().toLowerCase());
  const length = isCompressed ? null : response.headers.get('content-length');
  const contentLength = length !== null && /^\d{1,15}$/.test(length) ? Number(length) : null;
  return {
    status: response.status,
    mediaType: (response.headers.get('content-type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '',
    retryAfter: response.headers.get('retry-after'),
    retryAfterExact: response.headers.get('retry-after-ms'),
    body: response.body,
    readText: (maxBytes) => readText(response, contentLength, maxBytes),
  };
}

async function readText(response: Response, contentLength: number | null, maxBytes: number): Promise<string | null> {
  try {
    if (contentLength !== null) return contentLength > maxBytes ? await discard(response) : await response.text();
    return await readCounted(response, maxBytes);
  } catch {
    return null;
  }
}

async function discard(response: Response): Promise<null> {
  await response.body?.cancel();
  return null;
}

/** For bodies of unknown length: in reads of 64 KiB, so that JavaScript is entered rarely. */
async function readCounted(response: Response, maxBytes: number): Promise<string | null> {
  if (response.body === null) return '';
  const reader = response.body.getReader({ mode: 'byob' });
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  let buffer = new Uint8Array(65_536);
  for (;;) {
    const { done, value } = await reader.readAtLeast(buffer.byteLength, buffer);
    if (value !== undefined && value.byteLength > 0) {
      bytes += value.byteLength;
      if (bytes > maxBytes) {
        await reader.cancel();
        return null;
      }
      text += decoder.decode(value, { stream: true });
      buffer = new Uint8Array(value.buffer);
    }
    if (done) return text + decoder.decode();
  }
}
