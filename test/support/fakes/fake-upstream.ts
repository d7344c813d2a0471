/** Model servers that do what a script says, call by call, and remember what became of every call. */
import { fail, ok } from '../../../shared/result.ts';
import type { UpstreamAnswer, UpstreamCall, UpstreamPort } from '../../../worker/core/ports.ts';
import type { FakeTime } from './fake-time.ts';

/** Text or bytes in one piece; a wait; or how the body ends (`end` unless said otherwise). */
export type BodyStep = string | Uint8Array | { readonly waitMs: number } | 'reset' | 'stall';

export type Reply =
  /** Connection refused, or broken before any header. */
  | { readonly kind: 'refuse'; readonly afterMs?: number }
  /** Never a header. */
  | { readonly kind: 'hang' }
  | {
      readonly kind: 'status';
      readonly status: number;
      readonly mediaType?: string;
      readonly body?: string;
      readonly retryAfter?: string;
      readonly afterMs?: number;
    }
  | { readonly kind: 'json'; readonly body: unknown; readonly afterMs?: number }
  /** 'text/event-stream' unless it says otherwise. */
  | { readonly kind: 'stream'; readonly steps: readonly BodyStep[]; readonly mediaType?: string; readonly afterMs?: number };

/** How a call's body came to its end. `open`: it has not, which at the end of a test is a leak. */
export type CallEnd = 'open' | 'refused' | 'read' | 'reset' | 'aborted' | 'cancelled';

export interface UpstreamCallRecord {
  readonly upstreamId: string;
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly accept: string;
  readonly atMs: number;
  end: CallEnd;
  /** Pieces that were asked for. */
  pulled: number;
}

export interface FakeUpstream extends UpstreamPort {
  readonly calls: UpstreamCallRecord[];
  /** Calls that only counted a prompt; in no script. */
  readonly counts: UpstreamCallRecord[];
}

/** A server that cannot count. */
const noCount: Reply = { kind: 'status', status: 404 };

/** @param script replies in the order of calls; `last` answers every call after them; `count` those that count a prompt */
export function createFakeUpstream(
  time: FakeTime,
  script: readonly Reply[],
  last: Reply = { kind: 'refuse' },
  count: Reply = noCount,
): FakeUpstream {
  const calls: UpstreamCallRecord[] = [];
  const counts: UpstreamCallRecord[] = [];
  return {
    calls,
    counts,
    async open(call) {
      const isCount = call.path === '/tokenize';
      const reply = isCount ? count : (script[calls.length] ?? last);
      const record: UpstreamCallRecord = {
        upstreamId: call.upstreamId,
        path: call.path,
        body: JSON.parse(call.body ?? '{}'),
        accept: call.accept,
        atMs: time.clock.now(),
        end: 'open',
        pulled: 0,
      };
      (isCount ? counts : calls).push(record);
      const cameThrough =
        reply.kind === 'hang' ? await until(call.signal, null) : await until(call.signal, time.sleep(reply.afterMs ?? 0));
      if (!cameThrough) {
        record.end = 'aborted';
        return fail({ code: 'upstream_unreachable' });
      }
      if (reply.kind === 'refuse' || reply.kind === 'hang') {
        record.end = 'refused';
        return fail({ code: 'upstream_unreachable' });
      }
      return ok(reply.kind === 'stream' ? streamAnswer(time, call, record, reply) : textAnswer(time, call, record, reply));
    },
  };
}

/** True when `work` is done first, false when the call is aborted first. */
function until(signal: AbortSignal, work: Promise<void> | null): Promise<boolean> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(false);
    signal.addEventListener('abort', () => resolve(false));
    void work?.then(() => resolve(true));
  });
}

/** A body without a reader stays open until the call is aborted. */
function textAnswer(
  time: FakeTime,
  call: UpstreamCall,
  record: UpstreamCallRecord,
  reply: Extract<Reply, { kind: 'status' | 'json' }>,
): UpstreamAnswer {
  const text = reply.kind === 'json' ? JSON.stringify(reply.body) : (reply.body ?? '');
  return {
    ...streamAnswer(time, call, record, { kind: 'stream', steps: text === '' ? [] : [text] }),
    status: reply.kind === 'json' ? 200 : reply.status,
    mediaType: reply.kind === 'json' ? 'application/json' : (reply.mediaType ?? 'application/json'),
    contentLength: new TextEncoder().encode(text).byteLength,
    retryAfter: reply.kind === 'json' ? null : (reply.retryAfter ?? null),
  };
}

function streamAnswer(
  time: FakeTime,
  call: UpstreamCall,
  record: UpstreamCallRecord,
  { steps, mediaType = 'text/event-stream' }: Extract<Reply, { kind: 'stream' }>,
): UpstreamAnswer {
  const encoder = new TextEncoder();
  let at = 0;
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        call.signal.addEventListener('abort', () => {
          if (record.end !== 'open') return;
          record.end = 'aborted';
          controller.error(new Error('aborted'));
        });
      },
      async pull(controller) {
        record.pulled += 1;
        for (;;) {
          const step = steps[at];
          at += 1;
          if (record.end !== 'open') return;
          if (step === undefined) {
            record.end = 'read';
            controller.close();
            return;
          }
          if (step === 'stall') return until(call.signal, null).then(() => undefined);
          if (step === 'reset') {
            record.end = 'reset';
            controller.error(new Error('Network connection lost.'));
            return;
          }
          if (typeof step === 'string' || step instanceof Uint8Array) {
            controller.enqueue(typeof step === 'string' ? encoder.encode(step) : step);
            return;
          }
          if (!(await until(call.signal, time.sleep(step.waitMs)))) return;
        }
      },
      cancel() {
        if (record.end === 'open') record.end = 'cancelled';
      },
    },
    { highWaterMark: 0 },
  );
  return {
    status: 200,
    mediaType,
    retryAfter: null,
    retryAfterExact: null,
    contentLength: null,
    body,
    readText: (maxBytes) => readText(body, maxBytes),
  };
}

async function readText(body: ReadableStream<Uint8Array>, maxBytes: number): Promise<string | null> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return text + decoder.decode();
      bytes += value.byteLength;
      if (bytes > maxBytes) {
        await reader.cancel();
        return null;
      }
      text += decoder.decode(value, { stream: true });
    }
  } catch {
    return null;
  }
}
