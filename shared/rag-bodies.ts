/** The bodies of the paths for documents; schemas, because they come from outside. Sizes that operators may change are checked in `worker/core/rag`. */
import * as z from './zod.ts';

export const documentFormats = ['text', 'markdown'] as const;
export type DocumentFormat = (typeof documentFormats)[number];

/** Path, slug or number of the client's own. No white space, so that it can stand in a path, a header or a log line. */
export const documentIdPattern = /^[A-Za-z0-9][A-Za-z0-9._:/@+-]{0,255}$/;
export const collectionPattern = /^[a-z0-9][a-z0-9_-]{0,63}$/;
export const defaultCollection = 'default';

export const CollectionName = z
  .string()
  .check(z.regex(collectionPattern, 'lower-case letters, digits, dash, underscore; at most 64, a letter or digit first'));

/** One document of `POST /v1/rag/documents`. */
export const DocumentBody = z.strictObject({
  /** Without one it is a hash of the text, so that the same text is one document. */
  id: z.optional(
    z.string().check(z.regex(documentIdPattern, 'letters, digits and . _ : / @ + -; at most 256, a letter or digit first')),
  ),
  title: z._default(z.string().check(z.maxLength(500)), ''),
  text: z.string().check(z.minLength(1)),
  format: z._default(z.enum(documentFormats), 'text'),
  /** Given back with the document; nothing else reads it. */
  metadata: z._default(z.record(z.string(), z.unknown()), {}),
});
export type DocumentBody = z.infer<typeof DocumentBody>;

/** `POST /v1/rag/query`, beside the fields of a chat. */
export const RagFields = z.object({
  /** What is searched for; without it the text of the last user turn. */
  query: z.optional(z.string().check(z.minLength(1), z.maxLength(32_000))),
  collection: z._default(CollectionName, defaultCollection),
  top_k: z.optional(z.int().check(z.gte(1))),
  min_score: z.optional(z.number().check(z.gte(-1), z.lte(1))),
  rerank: z._default(z.boolean(), false),
});
export type RagFields = z.infer<typeof RagFields>;
