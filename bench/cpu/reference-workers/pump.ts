/** A read loop that awaits every write into an identity pipe and does nothing else: the cost of entering JavaScript for each chunk. */

interface Env {
  readonly UPSTREAM_URL: string;
}

export default {
  async fetch(request, env, ctx) {
    const { pathname } = new URL(request.url);
    const upstream = await fetch(new Request(env.UPSTREAM_URL + pathname, request));
    if (upstream.body === null) return upstream;
    const { readable, writable } = new IdentityTransformStream();
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
