/** A collector for tests: takes OTLP over HTTP as JSON, holds it to the shape that the protocol asks for, and can be told to fail. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import * as z from 'zod';

const Value = z.union([
  z.strictObject({ stringValue: z.string() }),
  z.strictObject({ intValue: z.string().check(z.regex(/^-?\d+$/)) }),
  z.strictObject({ doubleValue: z.number() }),
  z.strictObject({ boolValue: z.boolean() }),
]);
const Attributes = z.array(z.strictObject({ key: z.string().check(z.minLength(1)), value: Value }));
const hex = (digits: number) => z.string().check(z.regex(new RegExp(`^(?!0+$)[0-9a-f]{${digits}}$`)));
const nanoseconds = z.string().check(z.regex(/^\d{19}$/));
const Span = z.strictObject({
  traceId: hex(32),
  spanId: hex(16),
  parentSpanId: z.optional(hex(16)),
  name: z.string().check(z.minLength(1)),
  kind: z.int().check(z.gte(1), z.lte(5)),
  startTimeUnixNano: nanoseconds,
  endTimeUnixNano: nanoseconds,
  attributes: Attributes,
  status: z.strictObject({ code: z.optional(z.int().check(z.gte(0), z.lte(2))) }),
});
const Export = z.strictObject({
  resourceSpans: z.array(
    z.strictObject({
      resource: z.strictObject({ attributes: Attributes }),
      scopeSpans: z.array(z.strictObject({ scope: z.strictObject({ name: z.string() }), spans: z.array(Span) })),
    }),
  ),
});

export type CollectedSpan = z.infer<typeof Span>;

export interface Collector {
  readonly url: string;
  /** Every span so far. */
  readonly spans: readonly CollectedSpan[];
  readonly requests: readonly { readonly path: string; readonly headers: IncomingHttpHeaders; readonly text: string }[];
  /** What was wrong with bodies that were refused. */
  readonly mistakes: readonly string[];
  /** The status of every answer from now on. */
  answerWith(status: number): void;
  close(): Promise<void>;
}

export function startCollector(): Promise<Collector> {
  const spans: CollectedSpan[] = [];
  const requests: { path: string; headers: IncomingHttpHeaders; text: string }[] = [];
  const mistakes: string[] = [];
  let status = 200;
  const server = createServer((request, response) => {
    const pieces: Buffer[] = [];
    request.on('data', (piece: Buffer) => pieces.push(piece));
    request.on('end', () => {
      const text = Buffer.concat(pieces).toString();
      requests.push({ path: request.url ?? '', headers: request.headers, text });
      const read = Export.safeParse(JSON.parse(text));
      if (!read.success) mistakes.push(z.prettifyError(read.error));
      else if (status === 200) {
        spans.push(...read.data.resourceSpans.flatMap((one) => one.scopeSpans.flatMap((scope) => scope.spans)));
      }
      response.writeHead(read.success ? status : 400, { 'content-type': 'application/json' }).end('{}');
    });
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (address === null || typeof address === 'string') return reject(new Error('no port'));
      resolve({
        url: `http://127.0.0.1:${address.port}`,
        spans,
        requests,
        mistakes,
        answerWith: (next) => void (status = next),
        close: () => new Promise((done) => void server.close(() => done())),
      });
    });
  });
}
