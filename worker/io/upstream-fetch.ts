/**
 * Calls a model server through its tunnel with plain `fetch`, or that of its Workers VPC binding. Redirects are never followed: Access answers 302 to a login page, and
 * following it would bring that page back as a 200 (measured). Only headers listed here travel, in either direction.
 */
import { headerNames } from '../../shared/headers.ts';
import { fail, ok } from '../../shared/result.ts';
import type { UpstreamAnswer, UpstreamCall, UpstreamPort } from '../core/ports.ts';

export interface Server {
  readonly origin: string;
  readonly usesAccess: boolean;
  /** The headers that its dialect asks for, this server's key among them and no other's. */
  readonly headers: Readonly<Record<string, string>>;
  /** Calls go through it instead of the public internet. */
  readonly vpc?: { fetch(url: string, init: RequestInit): Promise<Response> } | null;
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
  const prepared = new Map(
    [...servers].map(([id, server]) => [
      id,
      { origin: server.origin, headers: headersOf(server), vpc: server.vpc ?? globalThis },
    ]),
  );

  return {
    async open(call) {
      const server = prepared.get(call.upstreamId);
      if (server === undefined) return fail({ code: 'upstream_unreachable' });
      try {
        const response = await server.vpc.fetch(server.origin + call.path, {
          method: call.method,
          ...(call.body === null ? {} : { body: call.body }),
          headers: headersFor(server.headers, call),
          redirect: 'manual',
          signal: call.signal,
        });
        return ok(new FetchedAnswer(response));
      } catch {
        return fail({ code: 'upstream_unreachable' });
      }
    },
  };
}

/** By assignment: an object that is written with computed names takes the slow way through the engine. */
function headersFor(prepared: Readonly<Record<string, string>>, call: UpstreamCall): Record<string, string> {
  const headers: Record<string, string> = { ...prepared, accept: call.accept };
  headers[headerNames.requestId] = call.requestId;
  if (call.traceparent !== null) headers[headerNames.traceparent] = call.traceparent;
  return headers;
}

/** Asks the response for what is asked of it, and no earlier: each of its headers and its body is a call into the platform. */
export class FetchedAnswer implements UpstreamAnswer {
  readonly #response: Response;
  readonly status: number;
  readonly mediaType: string;
  /** Undefined until it is asked for. */
  #contentLength: number | null | undefined = undefined;

  constructor(response: Response) {
    this.#response = response;
    this.status = response.status;
    const type = response.headers.get('content-type') ?? '';
    this.mediaType = type === 'application/json' ? type : (type.split(';', 1)[0]?.trim().toLowerCase() ?? '');
  }

  get contentLength(): number | null {
    if (this.#contentLength === undefined) this.#contentLength = contentLengthOf(this.#response);
    return this.#contentLength;
  }

  get retryAfter(): string | null {
    return this.#response.headers.get('retry-after');
  }

  get retryAfterExact(): string | null {
    return this.#response.headers.get('retry-after-ms');
  }

  get body(): ReadableStream<Uint8Array> | null {
    return this.#response.body;
  }

  readText(maxBytes: number): Promise<string | null> {
    const { contentLength } = this;
    if (contentLength === null || contentLength > maxBytes) return readUnknown(this.#response, contentLength, maxBytes);
    return this.#response.text().then(asItIs, brokenOff);
  }
}

/** Null when the server did not say, or said it of a compressed body, whose size decompressed is what is read and counted here. */
function contentLengthOf({ headers }: Response): number | null {
  const length = headers.get('content-length');
  if (length === null || !/^\d{1,15}$/.test(length)) return null;
  const encoding = headers.get('content-encoding');
  return encoding === null || /^\s*(?:identity)?\s*$/i.test(encoding) ? Number(length) : null;
}

function asItIs(text: string): string {
  return text;
}

function brokenOff(): null {
  return null;
}

/** @param contentLength too many bytes, or null */
async function readUnknown(response: Response, contentLength: number | null, maxBytes: number): Promise<string | null> {
  try {
    return contentLength === null ? await readCounted(response, maxBytes) : await discard(response);
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
