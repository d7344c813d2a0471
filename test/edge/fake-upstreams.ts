/**
 * Model servers in the place of `fetch`: they answer probes and chats, or fail the way they are told. Nothing leaves the isolate, not even
 * the probe of an alarm that rings after its test is over.
 */
const servedNames = { small: 'Qwen/Qwen2.5-7B-Instruct', large: 'Qwen/Qwen2.5-32B-Instruct-AWQ' };
type ServerId = keyof typeof servedNames;

export interface FakeUpstreams {
  /** Every request so far. */
  readonly requests: { readonly server: string; readonly path: string; readonly headers: Headers; readonly body: unknown }[];
  /** What every request of a server gets instead of its answer; null for its answer again. `unreachable` rejects. */
  fail(server: ServerId, how: Response | 'unreachable' | null): void;
  /** The lines of a server's list of models. */
  load(server: ServerId, lines: readonly object[]): void;
}

/** Takes the place of `fetch` with all servers well; the next call replaces it. */
export function fakeUpstreams(): FakeUpstreams {
  const requests: FakeUpstreams['requests'] = [];
  const failing = new Map<string, Response | 'unreachable'>();
  const loaded = new Map<string, readonly object[]>(Object.entries(servedNames).map(([id, name]) => [id, [{ id: name }]]));
  globalThis.fetch = async (input, init) => {
    const request = new Request(input, init);
    const url = new URL(request.url);
    const server = url.hostname.split('.')[0] ?? '';
    const text = await request.text();
    requests.push({ server, path: url.pathname, headers: request.headers, body: text === '' ? null : JSON.parse(text) });
    const failure = failing.get(server);
    if (failure === 'unreachable') throw new Error('Network connection lost.');
    if (failure !== undefined) return failure.clone();
    if (url.pathname === '/v1/models') return Response.json({ object: 'list', data: loaded.get(server) ?? [] });
    if (url.pathname === '/metrics') return new Response('vllm:num_requests_running 3\nvllm:num_requests_waiting 1\n');
    return chat(JSON.parse(text) as { model: string; stream: boolean });
  };
  return {
    requests,
    fail: (server, how) => void (how === null ? failing.delete(server) : failing.set(server, how)),
    load: (server, lines) => void loaded.set(server, lines),
  };
}

function chat({ model, stream }: { model: string; stream: boolean }): Response {
  const head = { id: 'chatcmpl-fake', created: 1_770_000_000, model };
  const usage = { prompt_tokens: 7, completion_tokens: 2, total_tokens: 9 };
  if (!stream) {
    const choices = [{ index: 0, message: { role: 'assistant', content: 'Hello there' }, finish_reason: 'stop' }];
    return Response.json({ ...head, object: 'chat.completion', choices, usage });
  }
  const chunk = (delta: unknown, finish_reason: string | null = null) => ({
    ...head,
    choices: [{ index: 0, delta, finish_reason }],
  });
  const events = [
    chunk({ role: 'assistant', content: '' }),
    chunk({ content: 'Hello' }),
    chunk({ content: ' there' }),
    chunk({}, 'stop'),
    { ...head, choices: [], usage },
  ];
  const body = `${events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('')}data: [DONE]\n\n`;
  return new Response(body, { headers: { 'content-type': 'text/event-stream; charset=utf-8' } });
}
