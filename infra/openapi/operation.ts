/** What a row of the tables says of one path with its method. Who may use it, its texts and its errors come from docs/api.md. */
import type * as zod from 'zod/v4/core';
import type { headerNames } from '../../shared/headers.ts';

export type Schema = zod.$ZodType;
export type HeaderId = keyof typeof headerNames;

export const tags = {
  chat: 'Answers of models that write, streamed or whole',
  responses: 'OpenAI’s Responses: answers that are stored and gone on from',
  pooling: 'Vectors, labels and relevance, from models that read',
  documents: 'Documents, and answers from them',
  streams: 'Streams that are picked up again',
  account: 'What a key may use and has used',
  health: 'Whether the gateway and the models behind it answer',
  statistics: 'Counts, costs and single requests, for operators',
  keys: 'API keys, for operators',
  configuration: 'The configuration while it runs, for operators',
  pages: 'Pages for a browser, and this document',
} as const;

/** A body of an answer. `null`: none. */
export type AnswerBody =
  | { readonly media: 'application/json'; readonly schema: Schema }
  /** @property events what the `data:` lines hold, besides the end and an error's envelope. @property end the last one of a whole answer; `[DONE]` */
  | { readonly media: 'text/event-stream'; readonly events: Schema; readonly end?: string }
  | { readonly media: `text/${string}` | `application/openmetrics-text${string}` };

export interface Answer {
  readonly description: string;
  readonly bodies: readonly AnswerBody[];
}

export interface Operation {
  /** `operationId`: the name that generated clients use. */
  readonly id: string;
  readonly tag: keyof typeof tags;
  /** By name, with what it takes; all may be left out unless they are in `requires`. */
  readonly query?: Readonly<Record<string, Schema>>;
  readonly requires?: readonly string[];
  /** Names and schemas of the path's variable parts, in order. */
  readonly path?: Readonly<Record<string, Schema>>;
  readonly headers?: readonly HeaderId[];
  readonly body?: Schema;
  /** The body may be missing. */
  readonly isBodyOptional?: true;
  readonly answers: Readonly<Record<number, Answer>>;
  /** The body of its errors, where that is not OpenAI's. */
  readonly error?: Schema;
  /** Its answers have `x-routing-metadata` and `x-cache`. */
  readonly isRouted?: true;
}

/** By `METHOD /path` as in the table of paths. */
export type Operations = Readonly<Record<string, Operation>>;

export function json(description: string, schema: Schema): Answer {
  return { description, bodies: [{ media: 'application/json', schema }] };
}
