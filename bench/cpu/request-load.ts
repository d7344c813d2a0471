/** Load of answers that are not streamed: keep-alive connections with one request at a time on each, for so many seconds. */
import { chatRequest, type Connection, openConnection } from './raw-client.ts';
import { cpuOf, type Target } from './targets.ts';
import { benchTool, fillWithProse } from './vllm-wire.ts';

export interface RequestLoad {
  readonly connections: number;
  readonly seconds: number;
  /** As many as these, however long they take, instead of `seconds`. */
  readonly requests?: number;
  readonly key: string;
  /** Of the request's body. */
  readonly bytes: number;
  /** Every request begins a new conversation; otherwise all repeat the same one. */
  readonly isNewEachTime: boolean;
  readonly maxTokens: number | null;
}

export interface RequestCosts {
  readonly cpuUs: number;
  readonly perSecond: number;
  readonly p99Ms: number;
}

/** Enough digits for every request of a run. */
const placeholder = '000000000000';
let conversations = 0;

/** µs of CPU a request, and requests a second and waiting time as the clients saw them. Throws at an answer that is not the right one. */
export async function loadRequests(target: Target, load: RequestLoad): Promise<RequestCosts> {
  // workerd closes connections that are idle for 5 s, so each load has its own, opened before the clock runs.
  const connections = await Promise.all(Array.from({ length: load.connections }, () => openConnection(target.url)));
  const next = requestMaker(target, load);
  const waitedMs: number[] = [];
  let endAtMs = Number.POSITIVE_INFINITY;
  let left = load.requests ?? Number.POSITIVE_INFINITY;
  const drive = async (connection: Connection): Promise<void> => {
    for (let keep = true; left > 0 && performance.now() < endAtMs; keep = false) {
      left -= 1;
      const request = next();
      const startedAtMs = performance.now();
      const { status, text } = await connection.send(request, { keep });
      waitedMs.push(performance.now() - startedAtMs);
      if (status !== 200 || (keep && !text.includes('"finish_reason":"stop"')))
        throw new Error(`${target.name}: status ${status}: ${text.slice(0, 500)}`);
    }
  };
  let seconds = 0;
  const cpuMs = await cpuOf(target, async () => {
    const startedAtMs = performance.now();
    if (load.requests === undefined) endAtMs = startedAtMs + load.seconds * 1000;
    await Promise.all(connections.map(drive));
    seconds = (performance.now() - startedAtMs) / 1000;
  });
  for (const connection of connections) connection.close();
  const requests = waitedMs.length;
  const p99Ms = waitedMs.sort((a, b) => a - b)[Math.floor(requests * 0.99)] ?? Number.NaN;
  return { cpuUs: (cpuMs * 1000) / requests, perSecond: requests / seconds, p99Ms };
}

/** The same bytes each time, except for the digits that distinguish conversations. */
function requestMaker(target: Target, { key, bytes, isNewEachTime, maxTokens }: RequestLoad): () => Uint8Array {
  const template = chatRequest(target, key, body(bytes, maxTokens));
  if (!isNewEachTime) return () => template;
  const at = template.indexOf(placeholder);
  return () => {
    conversations += 1;
    const request = Buffer.from(template);
    request.write(String(conversations).padStart(placeholder.length, '0'), at, 'latin1');
    return request;
  };
}

/** A conversation with three tools, `bytes` bytes long, most of them instructions; the small model is chosen for it. */
function body(bytes: number, maxTokens: number | null): object {
  const tool = (name: string, description: string): object => ({
    ...benchTool,
    function: { ...benchTool.function, name, description },
  });
  const shape = (content: string): object => ({
    model: 'auto',
    ...(maxTokens === null ? {} : { max_tokens: maxTokens }),
    temperature: 0.7,
    messages: [
      { role: 'system', content: `You are a helpful assistant. ${content}` },
      { role: 'user', content: `${placeholder}: what will the weather be like in Saint-Malo this weekend?` },
    ],
    tools: [benchTool, tool('get_tides', 'High and low water at a place.'), tool('get_ships', 'Ships that pass a place.')],
  });
  return shape(fillWithProse(bytes - JSON.stringify(shape('')).length));
}
