/**
 * The pump with a JavaScript TransformStream as its pipe instead of the platform's identity one, and nothing done in it: what the shape
 * that a parser of streams is written in by the book would cost for every chunk, whatever it parses (docs/decisions/0002-relay-shape.md).
 */

interface Env {
  readonly UPSTREAM_URL: string;
}

export default {
  async fetch(request, env, ctx) {
    const { pathname } = new URL(request.url);
    const upstream = await fetch(new Request(env.UPSTREAM_URL + pathname, request));
    if (upstream.body === null) return upstream;
    const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>({
      transform(bytes, controller) {
        controller.enqueue(bytes);
      },
    });
    ctx.waitUntil(pump(upstream.body, writable));
    return new Response(readable, upstream);
  },
} satisfies ExportedHandler<Env>;

async function pump(body: ReadableStream<Uint8Array>, writable: WritableStream<Uint8Array>): Promise<void> {
  const reader = body.getReader();
  const writer = writable.getWriter();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      await writer.write(value);
    }
    await writer.close();
  } catch (error) {
    await reader.cancel(error).catch(() => undefined);
  }
}
