/**
 * A public wire: how clients of one API write a request and read an answer, its stream and its errors. Everything else, from routing to the
 * ledger, knows only the inner request that `read` returns and answer events. A new surface is a file here and a line in the registry.
 */
import type { ConfigTree } from '../../../shared/config.ts';
import type { Failure } from '../../../shared/errors.ts';
import type { Result } from '../../../shared/result.ts';
import type { RoutingMetadata, ShownRouting } from '../../../shared/routing-metadata.ts';
import type { Usage } from '../../../shared/usage.ts';
import type { AnswerEvent } from '../answer/answer-events.ts';
import type { AnswerHead, WholeAnswer } from '../answer/whole-answer.ts';
import type { KeptPage } from '../kept/kept-answer.ts';
import type { InnerRequest, StreamRequest } from '../request/inner-request.ts';

/** What of the configuration a surface reads bodies by. */
export type ReadSettings = Pick<ConfigTree, 'limits' | 'surfaces'>;

export interface ReadRequest {
  readonly request: InnerRequest;
  /** Fields of the body that were dropped, and change nothing. At most 20, names cut to 64 characters. */
  readonly ignored: readonly string[];
  /** Kept answers that the request goes on from: it cannot run before they have been read. */
  readonly earlier?: Earlier;
  /** What is kept with the answer, as a text, so that later requests can go on from it; absent where the client wants nothing kept. */
  readonly stored?: string;
}

export interface Earlier {
  /** Their names: see `writeStreamId`. */
  readonly names: readonly string[];
  /** The whole request. @param found by their names; those that are not kept are missing */
  complete(found: ReadonlyMap<string, KeptPage>): Result<ReadRequest, Failure>;
}

export interface Surface {
  /** Where requests are sent to. */
  readonly path: string;
  /** Its clients' name for the header with a request's id, beside `x-request-id`. */
  readonly requestIdHeader?: string;
  /** @param text the body, at most `limits.max_body_bytes` long */
  read(text: string, settings: ReadSettings): Result<ReadRequest, Failure>;
  /** The id of an answer whose server gave it none. */
  answerId(requestId: string): string;
  /** The body of a response, one JSON text. @param name as for `openStream` */
  writeWhole(answer: WholeAnswer, usage: Usage, routing: RoutingMetadata, request: StreamRequest, name: string): string;
  /** The body of an error response, one JSON text. @param routing null when it is not known yet */
  writeError(failure: Failure, routing: ShownRouting | null, requestId: string): string;
  /**
   * One for each client's stream, also where several calls make up its answer, and where none begins.
   *
   * @param name of the answer, unlike any other's: made by the gateway, and where the answer is kept the place that it is found at
   * @param requestId of the request that it was made for, for wires whose errors name it
   */
  openStream(request: StreamRequest, name: string, requestId?: string): StreamWriter;
}

/** Whose path this is, or lies below. */
export function surfaceAt(surfaces: readonly Surface[], path: string): Surface | undefined {
  return surfaces.find((surface) => path === surface.path || path.startsWith(`${surface.path}/`));
}

/** Writes server-sent events, as text. Keeps its own state between calls. */
export interface StreamWriter {
  /** '' when the client is shown nothing of these events. @param routing as it is known at that moment */
  write(head: AnswerHead, events: readonly AnswerEvent[], routing: () => RoutingMetadata): string;
  /**
   * Writes a model server's plain-text payload unchanged, when clients of this wire read the same format. Null for wires that no model server
   * writes; then the whole answer comes as events.
   */
  readonly pass: ((payload: string) => string) | null;
  /** What follows the events of an answer that is whole. */
  end(): string;
  /** The end of an answer that broke off: clients must not take it for a complete one. */
  fail(failure: Failure): string;
}
