/** A request of an agent over HTTP, read as a client reads it, with the clock of the card. */
import { parseStream } from '../../infra/rig/read-stream.ts';
import * as z from 'zod';
import { headerNames } from '../../shared/headers.ts';
import type { Answer, Request } from './play.ts';

export interface Target {
  readonly url: string;
  readonly key: string;
  /** How many seconds of the model's time pass in one of the clock's. */
  readonly compression: number;
  /** Of a whole answer, ms of the clock; a request that takes longer is given up. None: it may take as long as it will. */
  readonly timeoutMs?: number;
}

const Metadata = z.object({ model_id: z.string().nullable(), fallback_used: z.boolean(), reason: z.string() });
const Usage = z.object({ prompt_tokens: z.number(), completion_tokens: z.number() });
const Call = z.object({ function: z.object({ name: z.string(), arguments: z.string() }) });
const Whole = z.object({
  choices: z.array(
    z.object({
      message: z.object({ content: z.string().nullish(), tool_calls: z.array(Call).nullish() }),
      finish_reason: z.string().nullable(),
    }),
  ),
  usage: Usage.nullish(),
  'x-routing-metadata': Metadata.optional(),
});
const Refusal = z.object({ error: z.object({ code: z.string().nullish(), type: z.string().nullish() }) });

const nothing = { text: '', calls: [], finishReason: null, isDone: false, errorCode: null, promptTokens: 0, completionTokens: 0 };

/** Never rejects: status 0 when no answer came. */
export async function askOver(target: Target, { body, sessionId }: Request): Promise<Answer> {
  const startedAtMs = performance.now();
  const sinceMs = (atMs: number): number => (atMs - startedAtMs) * target.compression;
  let firstMs: number | null = null;
  try {
    const response = await fetch(`${target.url}/v1/chat/completions`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${target.key}`,
        'content-type': 'application/json',
        [headerNames.sessionId]: sessionId,
      },
      body: JSON.stringify(body),
      ...(target.timeoutMs === undefined ? {} : { signal: AbortSignal.timeout(target.timeoutMs) }),
    });
    const isStream = response.headers.get('content-type')?.startsWith('text/event-stream') ?? false;
    const text = await readText(response, (soFar) => {
      // The first piece of an answer, not the role or a comment before it.
      if (isStream && firstMs === null && /"(?:content|arguments|name)":"[^"]/.test(soFar)) firstMs = sinceMs(performance.now());
    });
    const tookMs = sinceMs(performance.now());
    const heard = isStream ? readStreamed(text) : readWhole(text);
    const header = response.headers.get(headerNames.routingMetadata);
    const metadata = heard.metadata ?? (header === null ? undefined : Metadata.safeParse(JSON.parse(header)).data);
    return {
      ...heard,
      status: response.status,
      modelId: metadata?.model_id ?? null,
      isFallback: metadata?.fallback_used ?? false,
      reason: metadata?.reason ?? '',
      firstMs,
      tookMs,
    };
  } catch (error) {
    const tookMs = sinceMs(performance.now());
    return {
      ...nothing,
      status: 0,
      errorCode: causeOf(error, target),
      modelId: null,
      isFallback: false,
      reason: '',
      firstMs,
      tookMs,
    };
  }
}

/** Why no answer came, in a few words: outcomes are counted by them. */
function causeOf(error: unknown, { timeoutMs = 0 }: Target): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `no whole answer within ${timeoutMs / 1000} s`;
  const { cause } = error;
  return typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : error.message;
}

type Heard = Omit<typeof nothing, 'finishReason' | 'calls' | 'errorCode'> &
  Pick<Answer, 'finishReason' | 'calls' | 'errorCode'> & {
    readonly metadata: z.infer<typeof Metadata> | undefined;
  };

/** @param onText sees what came until the first piece of the answer is there */
async function readText(response: Response, onText: (soFar: string) => void): Promise<string> {
  const parts: string[] = [];
  const decoder = new TextDecoder();
  for await (const bytes of response.body ?? []) {
    const part = decoder.decode(bytes, { stream: true });
    parts.push(part);
    onText(part);
  }
  return parts.join('');
}

function readStreamed(raw: string): Heard {
  const read = parseStream(raw);
  const usage = Usage.safeParse(read.usage).data;
  const metadata = Metadata.safeParse(read.metadata).data;
  return {
    text: read.text,
    calls: read.calls.map((call) => ({ name: call.name, argumentsText: call.arguments })),
    finishReason: read.finishReasons.at(-1) ?? null,
    isDone: read.isDone && !read.goesOn && read.unreadable.length === 0,
    errorCode: read.errors.length === 0 ? null : String(read.errors[0]?.['code'] ?? read.errors[0]?.['type']),
    promptTokens: usage?.prompt_tokens ?? 0,
    completionTokens: usage?.completion_tokens ?? 0,
    metadata,
  };
}

/** Null where it is no JSON: a page of whoever stands before the gateway. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function readWhole(text: string): Heard {
  const json = parsed(text);
  const whole = Whole.safeParse(json);
  if (!whole.success) {
    const refused = Refusal.safeParse(json).data?.error;
    return { ...nothing, errorCode: refused?.code ?? refused?.type ?? 'not a completion', metadata: undefined };
  }
  const { choices, usage } = whole.data;
  const [choice] = choices;
  return {
    text: choice?.message.content ?? '',
    calls: (choice?.message.tool_calls ?? []).map(({ function: call }) => ({ name: call.name, argumentsText: call.arguments })),
    finishReason: choice?.finish_reason ?? null,
    isDone: true,
    errorCode: null,
    promptTokens: usage?.prompt_tokens ?? 0,
    completionTokens: usage?.completion_tokens ?? 0,
    metadata: whole.data['x-routing-metadata'],
  };
}
